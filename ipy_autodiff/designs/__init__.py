"""Reads, runs again and sweeps the objects of any engine design: one file a design, behind one protocol."""
