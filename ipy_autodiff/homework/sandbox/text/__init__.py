"""Read what a notebook's own bytes say: its cells, what they define, what in them is suspicious. No code runs."""
