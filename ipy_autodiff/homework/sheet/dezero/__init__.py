"""The sheets for the steps of *Deep Learning from Scratch 3*: ``dezero:step01`` and so on, a folder for each stage."""
