"""Ask what a student wrote: values, gradients, traces, and how a graph differs from the one that was wanted."""
