"""Which title is which."""
