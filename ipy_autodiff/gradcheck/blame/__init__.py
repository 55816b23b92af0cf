"""Say which Function, or what in the engine or the graph, is wrong, and why."""
