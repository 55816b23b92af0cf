"""Steps 11 to 24: code that reads as one thinks."""
