"""Tables in text: how the file is encoded and laid out, and what its cells mean."""
