"""One file for each observable; found by name, imported by nobody."""
