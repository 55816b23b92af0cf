"""Steps 25 to 36: higher derivatives."""
