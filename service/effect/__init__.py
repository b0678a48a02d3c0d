"""What a contract version changes in the verdicts of returns that are sealed already, by simulation."""
