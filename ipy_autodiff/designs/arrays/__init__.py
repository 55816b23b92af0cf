"""Reads engines whose values keep nothing of how they were made, as bare arrays do: each has a Value to stand for it."""
