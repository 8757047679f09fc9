"""One file for each task; found by name, imported by nobody."""
