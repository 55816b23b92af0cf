"""Put the views' parts into one output: for a notebook, a page, a terminal, a file."""
