"""Runs of networks of n units: the loops, and the modules that are written out for one system."""
