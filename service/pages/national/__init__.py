"""The national page: the one number as a range, with what it is of, what it covers and what would narrow it."""
