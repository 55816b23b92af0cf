"""Compare backprop with numerical derivatives, and say which place is wrong."""
