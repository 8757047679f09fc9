"""Fixed points and cycles: with certainty for maps of one number, by search for maps of several."""
