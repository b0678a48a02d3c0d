"""Rule notices that NCA and NPCC adopt together: proposed by one body, confirmed by the other, signed."""
