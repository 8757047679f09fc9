"""Families of matrices and vectors, by name: initialisations, ensembles, and matrices with given eigenvalues.

Each function returns the unscaled matrices of all seeds at once, (seeds, rows, columns) or what broadcasts to
it; numbers that differ from seed to seed arrive as (seeds, 1, 1). `gain` multiplies the product W h,
`spectral_radius` first scales the matrix so that its largest eigenvalue has that modulus.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.signature import About


class Scaling(NamedTuple):
    """What every family of recurrent weights has."""

    gain: Annotated[float, About("factor on the matrix, applied after the product")] = 1.0
    spectral_radius: Annotated[
        float | None, About("modulus of the largest eigenvalue before the gain; none leaves it")
    ] = None
    seed: Annotated[int | None, About("a seed of its own; none takes the run's", "1", True)] = None


class OwnSeed(NamedTuple):
    """What every other family has."""

    seed: Annotated[int | None, About("a seed of its own; none takes the run's", "1", True)] = None


def gaussian(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """Independent N(0, 1/columns): spectral radius near 1 (circular law; V. Girko, 1985,
    doi:10.1137/1129095).
    """
    return draw.normal(rows, columns) / np.sqrt(columns)


def orthogonal(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """Uniform on the orthogonal group (F. Mezzadri, Notices AMS 54 (2007) 592): all singular values 1."""
    q, r = np.linalg.qr(draw.normal(max(rows, columns), max(rows, columns)))
    signs = np.sign(np.diagonal(r, axis1=-2, axis2=-1))[:, None, :]
    return (q * signs)[:, :rows, :columns]


def identity(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """The identity (Q. Le, N. Jaitly & G. Hinton 2015, arXiv:1504.00941)."""
    return np.eye(rows, columns)[None]


def scaled_identity(
    rows: int, columns: int, draw: Draw, *, scale: Annotated[float, About("the diagonal")] = 0.01
) -> np.ndarray:
    """A multiple of the identity."""
    return scale * np.eye(rows, columns)[None]


def symmetric(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """Gaussian orthogonal ensemble with off-diagonal variance 1/n: real eigenvalues, spectral radius near
    2.
    """
    _check_square("symmetric", rows, columns)
    g = draw.normal(rows, columns) / np.sqrt(columns)
    return (g + np.swapaxes(g, -1, -2)) / np.sqrt(2.0)


def eigenvalues(
    rows: int,
    columns: int,
    draw: Draw,
    *,
    eigenvalues: Annotated[
        tuple[tuple[float, ...], ...], About("eigenvalues as [re, im]; of a complex pair one or both")
    ],
    normal: Annotated[bool, About("orthogonal eigenvectors; else random ones")] = True,
) -> np.ndarray:
    """A real matrix with these eigenvalues, in a random basis: blocks [[re, im], [-im, re]] for complex
    pairs.
    """
    _check_square("eigenvalues", rows, columns)
    blocks = _blocks(eigenvalues, rows)
    if normal:
        basis = orthogonal(rows, columns, draw)
        return basis @ blocks @ np.swapaxes(basis, -1, -2)
    basis = draw.normal(rows, columns)
    return basis @ blocks @ np.linalg.inv(basis)


def _blocks(values: Any, n: int) -> np.ndarray:
    place = "parameters.weights.eigenvalues"
    parts = [value if isinstance(value, (list, tuple)) else [value] for value in values]
    if any(len(part) not in (1, 2) for part in parts):
        raise refuse(place, "an eigenvalue is written as [re, im], or [re] where it is real")
    numbers = [complex(*part) for part in parts]
    reals = [z for z in numbers if z.imag == 0.0]
    upper = [z for z in numbers if z.imag > 0.0]
    lower = [z for z in numbers if z.imag < 0.0]
    pairs = upper or [z.conjugate() for z in lower]
    if upper and lower and sorted(upper, key=_order) != sorted((z.conjugate() for z in lower), key=_order):
        raise refuse(
            place,
            "complex eigenvalues of a real matrix come in conjugate pairs; write one of each pair, or both",
        )
    if len(reals) + 2 * len(pairs) != n:
        raise refuse(
            place,
            f"{len(reals)} real eigenvalues and {len(pairs)} pairs make {len(reals) + 2 * len(pairs)}, the "
            f"network has {n} units",
        )
    matrix = np.zeros((n, n))
    for i, z in enumerate(pairs):
        matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[z.real, z.imag], [-z.imag, z.real]]
    for i, z in enumerate(reals, start=2 * len(pairs)):
        matrix[i, i] = z.real
    return matrix


def _order(z: complex) -> tuple[float, float]:
    return z.real, z.imag


def np_rnn(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """(A + I) / largest eigenvalue, A = R^T R / n: positive definite, largest eigenvalue 1 (S. Talathi &
    A. Vartak 2015, arXiv:1511.03771).
    """
    _check_square("np_rnn", rows, columns)
    r = draw.normal(rows, columns)
    a = np.swapaxes(r, -1, -2) @ r / columns + np.eye(rows, columns)
    return a / np.linalg.eigvalsh(a)[:, -1, None, None]


def xavier(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """Uniform on +-sqrt(6 / (rows + columns)) (X. Glorot & Y. Bengio, AISTATS 2010, eq. 16)."""
    return np.sqrt(6.0 / (rows + columns)) * (2.0 * draw.uniform(rows, columns) - 1.0)


def he(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """Independent N(0, 2/columns) (K. He et al., ICCV 2015, doi:10.1109/ICCV.2015.123)."""
    return draw.normal(rows, columns) * np.sqrt(2.0 / columns)


def matrix(
    rows: int,
    columns: int,
    draw: Draw,
    *,
    matrix: Annotated[tuple[tuple[float, ...], ...], About("the matrix, row by row")],
) -> np.ndarray:
    """The matrix as it is written."""
    widths = {len(row) if isinstance(row, (list, tuple)) else 1 for row in matrix}
    if len(widths) > 1:
        raise refuse("parameters.weights.matrix", f"rows of different lengths {sorted(widths)}")
    given = np.array(matrix, dtype=np.float64, ndmin=2)
    if given.shape != (rows, columns):
        raise refuse(
            "parameters.weights.matrix",
            f"a matrix of shape {given.shape} where ({rows}, {columns}) is needed",
        )
    return given[None]


def _check_square(word: str, rows: int, columns: int) -> None:
    """Refuses a family of square matrices where a system asks for others (factors, directions)."""
    if rows != columns:
        raise refuse(
            "parameters.weights",
            f'a matrix of {rows} x {columns} is needed, "{word}" are square ones; write "gaussian", '
            '"orthogonal", "xavier" or "he", or settings that make it square',
        )


def recurrent() -> Mapping[str, Callable[..., Any]]:
    """The families of recurrent weights."""
    members = (
        gaussian,
        orthogonal,
        identity,
        scaled_identity,
        symmetric,
        eigenvalues,
        np_rnn,
        xavier,
        he,
        matrix,
    )
    return {member.__name__: member for member in members}


def _scaled_input(
    rows: int,
    columns: int,
    draw: Draw,
    *,
    scale: Annotated[float, About("standard deviation times sqrt(inputs)")] = 1.0,
) -> np.ndarray:
    """Independent N(0, scale^2 / inputs)."""
    return scale * draw.normal(rows, columns) / np.sqrt(columns)


def _ones(
    rows: int, columns: int, draw: Draw, *, scale: Annotated[float, About("every input weight")] = 1.0
) -> np.ndarray:
    """The same weight everywhere."""
    return scale * np.ones((1, rows, columns))


def feeding() -> Mapping[str, Callable[..., Any]]:
    """The families of input weights."""
    return {
        "gaussian": _scaled_input,
        "ones": _ones,
        "matrix": matrix,
        "xavier": xavier,
        "orthogonal": orthogonal,
    }


def _gaussian_bias(
    n: int, draw: Draw, *, scale: Annotated[float, About("standard deviation of each unit's bias")] = 1.0
) -> np.ndarray:
    """Independent N(0, scale^2), as (seeds, n)."""
    return scale * draw.normal(1, n)[:, 0]


def biases() -> Mapping[str, Callable[..., Any]]:
    """The families of biases; a number or a list may stand in their place."""
    return {"gaussian": _gaussian_bias}


def is_network(units: int, numbers: Iterable[Any], groups: Iterable[Any]) -> bool:
    """Whether a cell is a network: it has several units, or one whose weights are families (any of `groups`
    is given) and not numbers.
    """
    if units < 1:
        raise refuse("parameters.units", f"{units} units; write 1 or more")
    by_numbers = any(number is not None for number in numbers)
    return units > 1 or (not by_numbers and any(family.touched for family in groups))


def single(units: int, w: Any, u: Any, b: Any, inputs: int, weights: Any, input_weights: Any) -> bool:
    """Whether keywords describe one unit with the numbers w and u, or (False) a network, of one unit too,
    with families of weights; what belongs to the other is refused.
    """
    network = is_network(units, (w, u), (weights, input_weights))
    if not network and w is None:
        raise refuse(
            "parameters.w",
            "one unit needs its recurrent weight w: give it a value or an axis (or write units = 2 and more, "
            'or weights = "gaussian" for a network of one)',
        )
    if not network:
        for family, instead in ((weights, "recurrent weight is w"), (input_weights, "input weight is u")):
            if family.touched:
                raise refuse(
                    f"parameters.{family.place}",
                    f"{family.place} and what belongs to it are of a network; with one unit the {instead}, "
                    "or leave w and u out",
                )
        if isinstance(b, tuple):
            raise refuse(
                "parameters.b", "a list or a family is for several units; the b of one unit is a number"
            )
        if inputs != 1:
            raise refuse(
                "parameters.inputs",
                f"{inputs} inputs are for several units, one unit has one input; write units = 2 or "
                "more, or leave inputs out",
            )
        return True
    for name, number, instead in (("w", w, "weights"), ("u", u, "input_weights")):
        if number is not None:
            raise refuse(
                f"parameters.{name}",
                f'{name} is the weight of one unit, this network has {units}; write {instead} = "gaussian" '
                f"and the keywords {instead}.… that belong to it",
            )
    return False
