"""Several runs of one program trained together: stacking, batched products, what members may differ in."""
