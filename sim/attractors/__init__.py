"""Where orbits end, and which attractors that makes."""
