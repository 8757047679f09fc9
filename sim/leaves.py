"""What a file of the user must hold to be a system, task or observable, and how its functions are called.

Said when the file is found, before anything is made of it, with the line of the function that does not fit.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from sim import generic, observable
from sim.errors import Problem, Refused, refuse

_VERBS: tuple[str, ...]
_VERBS = ("step", "jvp", "vjp", "rhs", "rhs_jvp", "rhs_vjp", "output", "output_jvp", "output_vjp", "gates")
_VERBS += ("units", "inputs", "noise", "step_size", "escapes", "mirrored")
_FORMS = ("Sampled", "Reduced", "Stepped", "Shadow", "Backward", "Pulled", "Norms", "Forward", "Whole")
# the arguments of an observable's functions, where all forms that have one call it alike
_CALLS = {"declare": "facts", "first": "facts", "wanted": "facts", "plan": "form, k, facts"}
_CALLS |= {"begin": "k, p, s", "update": "k, p, s, a, t", "end": "k, p, s, a", "move": "k, p, s, x, a"}
_VALUES = {
    observable.Sampled: "k, p, s",
    observable.Stepped: "k, p, s, x",
    observable.Shadow: "k, p, s, a",
    observable.Backward: "g",
    observable.Pulled: "k, own, omega",
}
_TASK = {"check": "k, steps", "when": "k, steps", "inputs_count": "k", "outputs_count": "k"}


def packs(module: ModuleType) -> list[type]:
    """The parameter packs that a system's file defines."""
    return [
        value for value in vars(module).values() if _is_pack(value) and value.__module__ == module.__name__
    ]


def check_form(package: str, place: str, module: ModuleType) -> None:
    """Refuse a leaf of this package that lacks what it must have, or whose functions cannot be called."""
    faults = {"sim.systems": _system, "sim.tasks": _task, "sim.observables": _observable}.get(package)
    problems = [Problem(place, text) for text in faults(module)] if faults else []
    if problems:
        raise Refused(problems)


def where(function: Any, module: ModuleType | None = None) -> str:
    """File and line of a function, as messages name them."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    if code is None:
        return repr(getattr(module, "__file__", None) or str(module))
    return f"{code.co_filename!r} line {code.co_firstlineno}"


def check_declared(name: str, declared: Any, function: Callable[..., Any]) -> None:
    """Refuse what an observable's `declare` gives where it is no declaration."""
    place = where(function)
    if not isinstance(declared, observable.Declared):
        text = f"{place}: declare of {name} gives {_given(declared)}; return Declared(...) of sim.observable"
        raise refuse("observables", text)
    wrong = [c for c in _listed(declared.coordinates) if not isinstance(c, observable.Coordinate)]
    if wrong or not isinstance(declared.coordinates, (tuple, list)):
        text = f"{place}: {_given(wrong[0] if wrong else declared.coordinates)} in the coordinates of {name}"
        text += "; write (), facts.unit, (facts.time,) or (Coordinate(name, values, long_name, units),)"
        raise refuse("observables", text)
    for field in ("long_name", "units", "comment", "source"):
        if not isinstance(value := getattr(declared, field), str):
            raise refuse("observables", f"{place}: {field} of {name} is {_given(value)}; write text")
    try:
        known = np.dtype(declared.dtype).kind in "fiu"
    except TypeError:
        known = False
    if not known:
        text = f"{place}: dtype of {name} is {_given(declared.dtype)}; write float64 or int32 in quotes"
        raise refuse("observables", text)
    for coordinate in declared.coordinates:
        if np.ndim(coordinate.values) != 1:
            text = f"{place}: the values of {coordinate.name} are {_given(coordinate.values)}; write a list"
            raise refuse("observables", text)
    for other, further in declared.further.items():
        check_declared(other, further, function)


def check_size(name: str, declared: Any, function: Callable[..., Any], given: int) -> None:
    """Refuse an observable whose functions give another number of numbers than it declares."""
    every = [declared, *declared.further.values()]
    wanted = sum(math.prod(len(c.values) for c in one.coordinates) for one in every)
    if wanted != given:
        text = (
            f"{where(function)}: {name} is declared as {wanted} numbers of a cell, its functions give {given}"
        )
        raise refuse("observables", text)


def given_by(function: Any, lift: Callable[[Any], Any], values: Any, wanted: int | None = None) -> list[Any]:
    """What a function of an observable gives, lifted; refused with its line where these are not numbers, or
    not as many accumulators as it was given.
    """
    found = tuple(values) if isinstance(values, (tuple, list)) else (values,)
    if wanted is not None and len(found) != wanted:
        text = f"gives {len(found)} accumulators where begin gives {wanted}; return as many"
        raise refuse("observables", f"{where(function)}: {text}")
    try:
        return [lift(value) for value in found]
    except Refused as refusal:
        raise refuse("observables", f"{where(function)}: {refusal.problems[0].text}") from refusal


def _system(module: ModuleType) -> Iterator[str]:
    for pack in packs(module):
        for verb in _VERBS:
            base = getattr(generic, verb)
            function = base.registry.get(pack)
            shape = list(inspect.signature(base.registry[object]).parameters)
            least = len(shape) - (verb == "jvp")  # a system that is never driven leaves the last one out
            if function is not None and not any(map(_takes(function), range(least, len(shape) + 1))):
                yield _wrong_call(verb, function, module, ", ".join(shape))
    build = getattr(module, "build", None)
    if callable(build):
        for name, parameter in inspect.signature(build).parameters.items():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                yield f"{where(build)}: {name} of build is no keyword; write def build(*, {name}, ...)"


def _task(module: ModuleType) -> Iterator[str]:
    file = where(None, module)
    if not _is_pack(getattr(module, "Keywords", None)):
        yield f"{file} defines no Keywords; write class Keywords(NamedTuple), a docstring alone for none"
    if not hasattr(module, "inputs"):
        yield f"{file} defines no inputs; write def inputs(k, steps), or inputs = None for silence"
    for name in ("inputs", "targets"):
        function = getattr(module, name, None)
        if function is not None:
            drawn = callable(function) and "draw" in inspect.signature(function).parameters
            yield from _uncalled(name, function, module, "k, steps, draw" if drawn else "k, steps")
    for name, arguments in _TASK.items():
        if hasattr(module, name):
            yield from _uncalled(name, getattr(module, name), module, arguments)
    if hasattr(module, "targets") and not hasattr(module, "outputs_count"):
        yield f"{file} defines targets and no outputs_count; write def outputs_count(k), how many they are"


def _observable(module: ModuleType) -> Iterator[str]:
    file = where(None, module)
    found: Any = getattr(module, "observable", None)
    if type(found) not in [getattr(observable, form) for form in _FORMS]:
        what = "defines no observable" if found is None else f"has {_given(found)} for its observable"
        yield f"{file} {what}; write observable = Reduced(...), or another of {', '.join(_FORMS)}"
        return
    for name in found._fields:
        arguments = _VALUES.get(type(found)) if name == "value" else _CALLS.get(name)
        if arguments is not None:
            yield from _uncalled(name, getattr(found, name), module, arguments)
    if not _is_pack(found.keywords):
        yield f"{file}: keywords is {_given(found.keywords)}; write a class of type NamedTuple"


def _uncalled(name: str, function: Any, module: ModuleType, arguments: str) -> Iterator[str]:
    if not callable(function):
        yield f"{where(None, module)}: {name} is {_given(function)}; write a function ({arguments})"
    elif not _takes(function)(arguments.count(",") + 1):
        yield _wrong_call(name, function, module, arguments)


def _wrong_call(name: str, function: Any, module: ModuleType, arguments: str) -> str:
    own = ", ".join(inspect.signature(function).parameters)
    return f"{where(function, module)}: {name} is called with ({arguments}), written here is ({own})"


def _takes(function: Callable[..., Any]) -> Callable[[int], bool]:
    """Whether a function can be called with so many arguments."""

    def takes(count: int) -> bool:
        try:
            inspect.signature(function).bind(*range(count))
        except TypeError:
            return False
        return True

    return takes


def _is_pack(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else []


def _given(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.60}" if value is not None else "None"
