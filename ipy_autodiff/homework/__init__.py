"""Homework that checks itself in the notebook, and that a lecturer grades by the thousand: ``ipy-autodiff grade``.

Its faces are ``command`` (the shell), ``plugin`` (pytest) and ``notebook`` (``%autodiff_check``). A sheet is a pytest
file (``sheet``) that asks a student's code (``student``), which runs where it can do no harm (``sandbox``); a class is
graded in ``grade``.
"""
