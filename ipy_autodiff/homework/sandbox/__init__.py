"""Run code that nobody trusts, and ask about it, from outside: ``sandbox.Sandbox``; ``inside`` is the other end."""
