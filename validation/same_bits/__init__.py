"""Whether two checkouts train to the same bits: `python -m validation.same_bits --before CHECKOUT`."""
