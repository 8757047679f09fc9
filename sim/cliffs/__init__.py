"""Where a loss jumps, how high, and how far that is from the folds of the map."""
