"""The sweeps of the book's stages on one graph, side by side."""
