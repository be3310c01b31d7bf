"""General training doctors asked about GAN runs: `python -m validation.doctors`."""
