"""Lyapunov exponents: how fast the tangents of a run grow, with an interval and a verdict."""
