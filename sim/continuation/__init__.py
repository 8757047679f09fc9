"""Curves of fixed points and cycles, and of the bifurcations that they undergo.

`family` (a run's map with free keywords), `arclength` (a curve of any system of equations), `branches` (fixed
points and cycles in one keyword, what happens on the way, and the branches that begin there), `defining` (the
equations of folds, flips, Neimark-Sacker and branch points), `planes` (their curves in two keywords),
`lines` and `seeds` (where curves of a plane begin), `through` (the curve through a point),
`generalised_flips` (where folds of cycles begin on a flip), `results` (what is handed back).

Nothing here raises because an iteration does not converge: a curve says in words where and why it ends.

Sources: H. B. Keller, Numerical solution of bifurcation and nonlinear eigenvalue problems, 1977; E. L.
Allgower & K. Georg, Introduction to Numerical Continuation Methods, 2003, doi:10.1137/1.9780898719154; W.
Govaerts, Numerical Methods for Bifurcations of Dynamical Equilibria, 2000, doi:10.1137/1.9780898719543; Y.
A. Kuznetsov, Elements of Applied Bifurcation Theory, 3rd ed. 2004, doi:10.1007/978-1-4757-3978-9.
"""
