"""Linear theory of recurrences h[t] = W h[t-1] + B x[t], and of what is linear near a fixed point: pure
functions on arrays.

`spectra` (modes), `rates` (half-lives, periods), `recursions` (taps: poles, zeros, residues), `transfer`
(H(z) of matrices, resonance), `jury`, `routh`, `half_plane`, `planar` (criteria), `lyapunov` (quadratic
functions), `bounded` (bounded input, bounded output), `transients` (growth of non-normal matrices), `kreiss`,
`euler` (continuous time and its Euler steps).
"""
