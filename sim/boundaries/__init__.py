"""Boundaries measured: box-counting and uncertainty dimensions, basin entropy, critical shocks, edge states.

Pure functions of arrays of labels, of points, or of a function that labels many points at once.
"""
