"""A chain of layers forward and back over a batch of images, by matrix products.

    z[k] = gain W[k] h[k-1] + b[k],    h[k] = f(z[k]),    k = 1..layers,    h[0] the images;

the last layer has no f: its z are the outputs, compared with the classes. Backward, with delta[k] = dE/dz[k],

    dE/dW[k] = sum over images of outer(delta[k], h[k-1]),    delta[k-1] = gain W[k]^T delta[k] * f'(z[k-1]),

dE/dW being the gradient with respect to the matrix with its gain. Arrays of a batch are (images, neurons). A
layer's gradient is reduced to the norms that are asked for and then overwritten by the next layer's.

Products are NumPy's BLAS: the exception to the rule that no cell computes with it, because one cell is one
large network, seconds of products of large matrices, which is what BLAS is for. Under one thread its bits are
those of one kind of processor and one library.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

OF_WEIGHTS = frozenset({"array", "neuron", "dead"})  # reductions of dE/dW; the others do without it
_SMALLEST, _LARGEST = 1e-140, 1e140  # norms between which squares neither underflow nor overflow


class Chain(NamedTuple):
    """The layers of one network: W[k-1] is (neurons of k, neurons of k-1), b[k-1] (neurons of k,)."""

    W: Sequence[np.ndarray]
    b: Sequence[np.ndarray]
    gain: float
    f: Callable[[Any], Any]
    slope: Callable[[Any], Any]  # f'(z), written in h = f(z)


def forward(chain: Chain, images: np.ndarray) -> list[np.ndarray]:
    """h[0..layers], the last being the outputs; each (images, neurons)."""
    h = [images]
    for k, (W, b) in enumerate(zip(chain.W, chain.b, strict=True), start=1):
        z = h[-1] @ W.T
        z *= chain.gain
        z += b
        h.append(chain.f(z) if k < len(chain.W) else z)
    return h


def backward(chain: Chain, h: Sequence[np.ndarray], delta: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(k, delta[k]) from the last layer to the first, given that of the last."""
    for k in range(len(chain.W), 0, -1):
        yield k, delta
        if k > 1:
            delta = delta @ chain.W[k - 1]
            delta *= chain.gain
            delta *= chain.slope(h[k - 1])


def compared(criterion: str, outputs: np.ndarray, classes: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss E and its gradient with respect to the outputs (images, classes).

    "cross_entropy": that of softmax(outputs) with the class; "squared_error": the squared distance to the
    class's unit vector. Both are means over the images.
    """
    images = len(outputs)
    wanted = np.zeros_like(outputs)
    wanted[np.arange(images), classes] = 1.0
    if criterion == "squared_error":
        errors = outputs - wanted
        return float(np.sum(errors * errors)) / images, errors * (2.0 / images)
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    loss = float(np.sum(np.log(sums)[:, 0] - np.sum(shifted * wanted, axis=1))) / images
    return loss, (powers / sums - wanted) / images


def row_norms(matrix: np.ndarray) -> np.ndarray:
    """The Euclidean norm of every row; zero only where the whole row is, however small its numbers."""
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
    odd = ~((norms > _SMALLEST) & (norms < _LARGEST))
    if odd.any():
        rows = matrix[odd]
        scale = np.abs(rows).max(axis=1, keepdims=True)
        scale[scale == 0.0] = 1.0
        rows = rows / scale
        norms[odd] = scale[:, 0] * np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return norms


def norm(array: np.ndarray) -> float:
    """The Frobenius norm."""
    return float(row_norms(row_norms(array)[None])[0])


def measured(
    chain: Chain,
    images: np.ndarray,
    classes: np.ndarray,
    criterion: str,
    wanted: frozenset[str],
    gradient: np.ndarray,
) -> dict[str, Any]:
    """What is wanted of one network and one batch; `gradient` is scratch for the largest matrix.

    "loss": a number; "activation" (|h[k]|), "delta" (|delta[k]|), "array" (|dE/dW[k]|) and "dead" (the share
    of rows of dE/dW[k] that are exactly zero): one number a layer; "neuron": the norms of the rows, a layer
    each, NaN beyond its width. Activations and deltas are norms over neurons and images; |h| is divided by
    the root of the number of images.
    """
    h = forward(chain, images)
    loss, delta = compared(criterion, h[-1], classes)
    layers = len(chain.W)
    found: dict[str, Any] = {name: np.zeros(layers) for name in wanted}
    found |= {"loss": loss, "neuron": np.full((layers, max(map(len, chain.b))), np.nan)}
    if "activation" in wanted:
        found["activation"][:] = [norm(a) / np.sqrt(len(images)) for a in h[1:]]
    for k, error in backward(chain, h, delta) if wanted & (OF_WEIGHTS | {"delta"}) else ():
        if "delta" in wanted:
            found["delta"][k - 1] = norm(error)
        if wanted & OF_WEIGHTS:
            W = chain.W[k - 1]
            rows = row_norms(np.matmul(error.T, h[k - 1], out=gradient[: W.size].reshape(W.shape)))
            found["neuron"][k - 1, : len(rows)] = rows
            if "array" in wanted:
                found["array"][k - 1] = row_norms(rows[None])[0]
            if "dead" in wanted:
                found["dead"][k - 1] = np.mean(rows == 0.0)
    return {name: found[name] for name in wanted}
