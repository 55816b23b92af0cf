"""Step through the backward pass: what came in, what went out, what was added to what, and the code that ran."""
