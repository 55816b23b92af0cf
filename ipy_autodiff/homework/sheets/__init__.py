"""The sheets of the book's first steps: ``dezero:step01`` ... ``dezero:step10``."""
