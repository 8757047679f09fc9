"""A deep feed-forward network (multilayer perceptron) at its initialisation: 784 pixels in, 10 classes out.

h[k] = f(W[k] h[k-1] + b[k]) for k = 1..layers-1, outputs z = W[layers] h[layers-1] + b[layers]. The loss is
the mean over a batch of images of the cross-entropy of softmax(z) with the class, or of the squared error.
There is no time: one step is one pass through all layers. What it is for: how large the gradient of the loss
still is at each layer and neuron before learning begins. Source: X. Glorot & Y. Bengio, Understanding the
difficulty of training deep feedforward neural networks, AISTATS 2010.
"""

import itertools
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from sim import digits, initialisations
from sim.activations import Name
from sim.activations import activation as named
from sim.draws import Draw
from sim.errors import Problem, Refused
from sim.generic import learnt, step
from sim.layers.chain import forward
from sim.layers.form import Layers, drawn
from sim.matrices import Chosen
from sim.signature import About, Family
from sim.weights import OwnSeed

FORM = Layers
DEFAULTS = {"steps": 1, "criterion": "cross_entropy"}


class Mlp(NamedTuple):
    """The settings of a network and of the batch it sees; its arrays are drawn when they are needed."""

    layers: int
    width: int
    activation: str
    weights: Any  # family, chosen
    b: Any  # a number, or a family, chosen
    images: str
    batch: Any
    image: Any

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(neurons, inputs) of every layer, the first first."""
        sizes = [digits.PIXELS, *[self.width] * (self.layers - 1), digits.CLASSES]
        return tuple((rows, columns) for columns, rows in itertools.pairwise(sizes))

    def examples(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The batch: images (batch, 784) and their classes (batch,)."""
        chosen = slice(self.image, self.image + self.batch)
        if self.images == "digits":
            images, classes = digits.digits()
            return images[chosen], classes[chosen]
        pixels = Draw(seed, "images").normal(chosen.stop, digits.PIXELS)[0]
        numbers = Draw(seed, "classes").uniform(1, chosen.stop)[0, 0]
        return pixels[chosen], (digits.CLASSES * numbers).astype(np.intp)[chosen]


@step.register
def _(p: Mlp, s: Any, x: Any) -> Any:
    return forward(drawn(p), x)[-1]


@learnt.register
def _(p: Mlp) -> int:
    return sum(rows * (columns + 1) for rows, columns in p.shapes)  # every neuron has a bias of its own


def build(
    *,
    layers: Annotated[int, About("matrices between the images and the outputs")] = 19,
    width: Annotated[int, About("neurons of every layer but the last, which has 10")] = 1024,
    activation: Annotated[Name, About("f, from summed input to activation")] = "tanh",
    weights: Annotated[
        Any, About("weights of every layer"), Family(initialisations.weights, common=initialisations.Scaling)
    ] = "gaussian",
    b: Annotated[
        Any,
        About("bias of every neuron: a number, or a family"),
        Family(initialisations.biases, "start", OwnSeed),
    ] = 0.0,
    images: Annotated[
        Literal["digits", "noise"],
        About("handwritten digits, or independent N(0, 1) pixels and random classes"),
    ] = "digits",
    batch: Annotated[int, About("images over which the loss is a mean", "1", True)] = 128,
    image: Annotated[int, About("number of the first image", "1", True)] = 0,
) -> Mlp:
    """The pack of a network with these settings."""
    named(activation)
    first, last = int(np.min(image)), int(np.max(np.asarray(image) + np.asarray(batch)))
    faults = {
        "layers": (layers < 1, f"{layers} layers; write 1 or more"),
        "width": (width < 1, f"{width} neurons; write 1 or more"),
        "b": (
            isinstance(b, tuple) and not isinstance(b, Chosen),
            "a list; write a number for all neurons, or a family",
        ),
        "batch": (int(np.min(batch)) < 1, f"{np.min(batch)} images; write 1 or more (1: a single image)"),
        "image": (
            first < 0 or (images == "digits" and last > digits.COUNT),
            f"images {first} to {last - 1} of {digits.COUNT}, numbered from 0; write less of image or batch",
        ),
    }
    problems = [Problem(f"parameters.{name}", text) for name, (wrong, text) in faults.items() if wrong]
    if problems:
        raise Refused(problems)
    return Mlp(layers, width, activation, weights, b, images, batch, image)
