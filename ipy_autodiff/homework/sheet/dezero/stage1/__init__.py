"""Steps 1 to 10: automatic differentiation."""
