"""Images of handwritten digits with pixels between 0 and 1: the 8 x 8 digits that come with scikit-learn, and
28 x 28 made of them.

Each of the large ones is enlarged to 20 x 20 by bilinear interpolation between the centres of its pixels and
set into a frame of 4 dark pixels, as MNIST sets its 20 x 20 digits. Mean 0.16 and 36 % of the pixels not dark
(MNIST: 0.13 and 19 %). Sources: E. Alpaydin & C. Kaynak, Optical recognition of handwritten digits, UCI 1998,
doi:10.24432/C50P49; Y. LeCun et al., Proc. IEEE 86 (1998) 2278, doi:10.1109/5.726791.
"""

import functools

import numpy as np

COUNT, PIXELS, CLASSES = 1797, 784, 10
_COARSE, _FINE, _FRAME = 8, 20, 4


@functools.cache
def small_digits() -> tuple[np.ndarray, np.ndarray]:
    """All images (1797, 8, 8) as they are shipped, and their classes (1797,) from 0 to 9; read-only."""
    # imported here: it takes most of a second, and only these images need it
    from sklearn.datasets import load_digits  # noqa: PLC0415

    raw = load_digits()
    return _read_only(raw.images / 16.0), _read_only(raw.target.astype(np.intp))


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """All images (1797, 784), enlarged, row by row, and their classes (1797,) from 0 to 9; read-only."""
    images, classes = small_digits()
    enlarge = _bilinear()
    fine = np.einsum("jb,nib->nij", enlarge, np.einsum("ia,nab->nib", enlarge, images))
    framed = np.pad(fine, ((0, 0), (_FRAME, _FRAME), (_FRAME, _FRAME)))
    return _read_only(framed.reshape(-1, PIXELS)), classes


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def _bilinear() -> np.ndarray:
    """(fine, coarse): the weights with which a fine row of pixels is made of the coarse ones."""
    place = np.clip((np.arange(_FINE) + 0.5) * _COARSE / _FINE - 0.5, 0.0, _COARSE - 1.0)
    return np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(_COARSE)))
