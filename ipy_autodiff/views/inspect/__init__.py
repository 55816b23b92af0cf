"""Look into one Variable: its array, its gradient, what that was added up from, how outputs depend on inputs."""
