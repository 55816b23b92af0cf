"""Homework that checks itself in the notebook, and that a lecturer grades by the thousand: ``ipy-autodiff grade``.

A sheet is a pytest file (``plugin``, ``student``); submissions run in ``sandbox``; ``grading`` brings them together.
"""
