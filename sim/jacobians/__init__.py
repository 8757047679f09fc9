"""Products of a run's Jacobians, and what is read from them."""
