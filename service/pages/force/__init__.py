"""The pages of one force: its returns from opening to receipt, for the people who send them."""
