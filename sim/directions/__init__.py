"""Runs of networks that read a sequence from both ends."""
