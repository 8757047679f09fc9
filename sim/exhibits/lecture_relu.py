"""A lecture's backward step of a ReLU network, h[k+1] = relu(W h[k]), with its mistakes, beside the correct
one.

The lecture (UCLA ECE C147) masks the gradient with the unit at time k and with "at least zero". The mask
belongs to the unit whose ReLU is differentiated, at time k + 1; and a ReLU is never below zero, so that the
lecture's mask is always 1.
"""

from typing import Literal

import numpy as np

Mask = Literal["correct", "lecture", "wrong_time"]


def backward(W: np.ndarray, h: np.ndarray, g: np.ndarray, mask: Mask = "correct") -> np.ndarray:
    """The gradients with respect to h[0..steps], (steps + 1, units), of a loss whose gradient with respect to
    h[steps] is g: W^T (mask g) step by step. `wrong_time` has the lecture's time with a strict inequality.
    """
    gradients = [g]
    for k in range(len(h) - 2, -1, -1):
        opened = {"correct": h[k + 1] > 0.0, "lecture": h[k] >= 0.0, "wrong_time": h[k] > 0.0}[mask]
        gradients.append(W.T @ (opened * gradients[-1]))
    return np.stack(gradients[::-1])
