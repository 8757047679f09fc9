"""Numbers: systems, kernels, observables. Knows numpy, numba and scipy, nothing of labels, disks or
pictures.
"""
