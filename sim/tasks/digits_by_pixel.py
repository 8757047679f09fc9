"""Handwritten digits shown pixel by pixel: after 64 steps it must be said which of ten digits it was.

The 1797 images of 8 x 8 pixels that scikit-learn ships, row by row and scaled to 0..1; the seed chooses the
image. `permuted` shows the pixels of every image in one fixed random order, so that what belongs together
lies far apart. Source: E. Alpaydin & C. Kaynak, Optical recognition of handwritten digits, UCI 1998,
doi:10.24432/C50P49; the task: Q. Le, N. Jaitly & G. Hinton 2015, arXiv:1504.00941 (there MNIST, 784 steps).
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np

from sim.digits import small_digits
from sim.draws import Draw
from sim.errors import refuse
from sim.signature import About

PIXELS = 64
_PARTS = {"all": slice(None), "training": slice(1437), "test": slice(1437, None)}  # four fifths, one fifth


class Keywords(NamedTuple):
    """Which images, and in which order their pixels come."""

    permuted: Annotated[bool, About("whether the pixels come in a fixed random order")] = False
    part: Annotated[
        Literal["all", "training", "test"], About("all 1797 images, the first 1437, or the last 360")
    ] = "all"


def inputs_count(k: Keywords) -> int:
    """The pixel."""
    return 1


def outputs_count(k: Keywords) -> int:
    """One output for each digit."""
    return 10


def check(k: Keywords, steps: int) -> None:
    """The whole image must be shown."""
    if steps < PIXELS:
        raise refuse(
            "parameters.steps",
            f"{steps} steps show only a part of the {PIXELS} pixels; write {PIXELS} or more",
        )


def _image(k: Keywords, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (kinds, 64) and labels (kinds,) of the images that the seeds choose."""
    images, labels = (array[_PARTS[k.part]] for array in small_digits())
    which = draw.whole(1, 1, len(labels))[:, 0, 0]
    return images[which].reshape(-1, PIXELS), labels[which]


def order(k: Keywords) -> np.ndarray:
    """The pixel that is shown at each of the 64 steps, the same for all images and seeds."""
    if not k.permuted:
        return np.arange(PIXELS)
    return np.argsort(Draw(0, "digits_by_pixel.permuted").uniform(1, PIXELS)[0, 0])


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The pixels, then zeros: (kinds, steps, 1); x[t] does not depend on steps."""
    pixels = _image(k, draw)[0][:, order(k)]
    return np.pad(pixels, ((0, 0), (0, steps - PIXELS)))[..., None]


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The digit, (kinds, steps + 1, 10); only its last row is asked for."""
    return np.repeat(np.eye(10)[_image(k, draw)[1]][:, None], steps + 1, axis=1)


def when(k: Keywords, steps: int) -> np.ndarray:
    """The end alone."""
    return np.arange(steps + 1) == steps
