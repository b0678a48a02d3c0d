"""Rules as they are operated: notices read by everybody, and adopted by the two bodies together."""
