"""Show a Trace: its graph, its backward pass step by step, its gradients checked; in a page, a terminal, a file."""
