"""Watch code while it runs: its calls of Functions forward and backward, as they happen."""
