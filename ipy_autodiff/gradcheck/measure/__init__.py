"""Measure a derivative numerically, with a bound on its own error; nothing here knows rows or verdict sentences."""
