"""Editions of the terms as the two bodies take them along, in the manner of the scope editions."""
