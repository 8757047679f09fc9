"""Laws of large random networks and of period doubling: the numerics behind `sim.theory`."""
