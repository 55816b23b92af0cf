"""Move the leaves' numbers with sliders and see values, gradients and verdicts follow."""
