"""What runs in the sandbox: a process that forks for each notebook, runs its cells and answers questions about it."""
