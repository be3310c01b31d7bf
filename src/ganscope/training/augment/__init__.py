"""What is done to the rows the discriminator sees: instance noise, packing."""
