"""Scope editions as the two bodies take them along: drafted, proposed, confirmed, in force; or rejected."""
