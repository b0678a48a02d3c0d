"""What a scope edition would do to what is reported, before anyone is bound by it: counts alone, and nothing stored."""
