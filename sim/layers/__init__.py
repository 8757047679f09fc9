"""Runs of feed-forward networks, layer by layer."""
