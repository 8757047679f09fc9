"""Runs of systems with a small fixed state, on lanes across cells."""
