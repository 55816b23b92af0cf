"""What touches IPython: the magics, how a cell is run, completion, progress, the links between outputs and Python."""
