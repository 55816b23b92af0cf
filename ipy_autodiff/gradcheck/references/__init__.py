"""Gradients of the same graph from elsewhere: PyTorch, the complex step."""
