"""Views: one file each, found by name."""
