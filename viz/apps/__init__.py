"""Apps in the browser: widgets wired to views."""
