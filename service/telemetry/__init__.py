"""What an operator sees of the running service: traces, metrics and logs. No row's value is in any of them."""
