"""Reads engines whose values keep nothing of how they were made, as bare arrays do: a Value stands for each."""
