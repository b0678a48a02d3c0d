"""What happened, in a log that only grows and that anyone with an old receipt can check."""
