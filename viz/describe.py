"""What may be written in a sweep, read from the leaves: keywords, units, defaults, an example that runs."""

from __future__ import annotations

import inspect
import itertools
import json
import textwrap
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from jobs.evaluate import recipe
from jobs.sweep import Sweep
from sim.errors import Refused, nearest, refuse
from sim.names import find, listing
from sim.vocabulary import REQUIRED, Keyword, keywords
from viz import view

KINDS = {
    "system": "sim.systems",
    "task": "sim.tasks",
    "observable": "sim.observables",
    "view": "viz.views",
    "theory": "sim.theory",
}
_BARE = ("view", "theory")  # those that have no keywords in a sweep
_PLURAL = {"theory": "theories"}
_WIDTH = 100
_TRIES = 8
_SCALED = ("weights.gain", "input_weights.scale")  # what a network of a size is swept over
_PLAIN = "rnn"  # the system of an example that may be of any
_EXAMPLES = ("final_state", "loss")  # what most systems have, and what networks of layers have


def describe(kind: str | None = None, name: str | None = None) -> str:
    """All leaves, those of a kind, or one with its docstring, keywords and an example.

    Errors: Refused for a kind or a name that does not exist, with what comes close.
    """
    if kind is None:
        return "\n\n".join(
            [*(_list(one) for one in KINDS), "separatrix describe KIND NAME says more about one."]
        )
    if kind not in KINDS and name is None:
        kind, name = _kind_of(kind), kind
    if kind not in KINDS:
        raise refuse("KIND", f"{kind!r:.80} given; {nearest(kind, KINDS)}")
    if name is None:
        return _list(kind)
    return {"view": _view, "theory": _theory}[kind](name) if kind in _BARE else _leaf(kind, name)


def _kind_of(name: str) -> str:
    homes = [kind for kind, package in KINDS.items() if name in listing(package)]
    if not homes:
        every = [leaf for package in KINDS.values() for leaf in listing(package)]
        raise refuse(
            "KIND",
            f"{name!r:.80} is no kind and no name; kinds are {', '.join(KINDS)}; {nearest(name, set(every))}",
        )
    return homes[0]


def _list(kind: str) -> str:
    rows = [(name, _first(find(KINDS[kind], name))) for name in listing(KINDS[kind])]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(
        [
            _PLURAL.get(kind, f"{kind}s"),
            *(
                textwrap.shorten(f"  {name:{width}}  {words}", 160)
                if not name
                else f"  {name:{width}}  {words}"
                for name, words in rows
            ),
        ]
    )


def _first(module: ModuleType) -> str:
    """The first sentence of a module's docstring, on one line."""
    words = " ".join((inspect.getdoc(module) or "").split("\n\n")[0].split())
    return textwrap.shorten(words, 110, placeholder=" …")


def _leaf(kind: str, name: str) -> str:
    module = find(KINDS[kind], name)
    parts = [f"{kind} {name}", textwrap.indent(inspect.getdoc(module) or "", "  ")]
    words = _own(kind, name)
    if words:
        parts.append("keywords\n" + "\n".join(_row(word) for word in words))
    example = _example(kind, name)
    if example:
        parts.append("example\n" + textwrap.indent(example, "  "))
    return "\n\n".join(parts)


def _vocabulary(kind: str, name: str) -> dict[str, Keyword]:
    if kind == "system":
        return keywords(name)
    system = listing("sim.systems")[0]
    return keywords(system, name) if kind == "task" else keywords(system, observables=[name])


def _own(kind: str, name: str) -> list[Keyword]:
    """The keywords of this leaf: its own, those of its groups, and for a system those of the run."""
    words = _vocabulary(kind, name).values()
    owners = {f"{kind} {name}", *(["run"] if kind == "system" else [])}
    heads = {word.path for word in words if word.owner in owners}
    return [word for word in words if word.path.partition(".")[0] in heads]


def _row(word: Keyword) -> str:
    default = (
        "needed"
        if word.default is REQUIRED
        else ""
        if word.default is None
        else f"= {word.default!r}".replace("'", '"')
    )
    unit = f" [{word.unit}]" if word.unit not in ("", "1") else ""
    choices = f": {', '.join(word.choices)}" if word.choices else ""
    axis = "" if word.sweepable else "; fixed"
    text = f"{word.path} ({word.kind}{axis}) {default}".rstrip()
    said = textwrap.fill(
        f"{word.meaning}{unit}{choices}", _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
    )
    return f"  {text}\n{said}"


def _view(name: str) -> str:
    module = view.find(name)
    needs = module.NEEDS
    rows = [f"  {key} = {parameter.default!r}" for key, parameter in view.options(name).items()]
    wants = f"a variable with at least {needs.dims} {'axes' if needs.dims > 1 else 'axis'}"
    wants += f", {', '.join(needs.own)} among its dims" if needs.own else ""
    wants += f", named {' or '.join(needs.names)}" if needs.names else ""
    wants += ", of integers" if "f" not in needs.kinds else ""
    text = inspect.getdoc(module.scene if hasattr(module, "scene") else module.view) or ""
    call = f"separatrix show STORE --view {name} -o picture.png"
    return "\n\n".join(
        [
            f"view {name}",
            textwrap.indent(text, "  "),
            f"needs\n  {wants}",
            "options\n" + "\n".join(rows),
            "of every view\n  theory = '' (a curve laid over the picture: separatrix describe theory)",
            f"example\n  {call}",
        ]
    )


def _theory(name: str) -> str:
    module = find(KINDS["theory"], name)
    theory = module.theory
    over = theory.axis or "any axis"
    what = f"{theory.variable} [{theory.units}]" if theory.variable else f"a curve of {theory.onto}"
    demands = [f"  {key}: {' or '.join(map(str, allowed))}" for key, allowed in theory.demands.items()]
    seen = "lines" if theory.variable else "argand" if theory.onto == "im" else "map"
    call = f"separatrix show STORE --view {seen} --option theory={name} -o picture.png"
    return "\n\n".join(
        [
            f"theory {name}",
            textwrap.indent(inspect.getdoc(module) or "", "  "),
            f"gives\n  {what} over {over}",
            f"assumes\n  {theory.assumes}",
            *(["needs of a sweep\n" + "\n".join(demands)] if demands else []),
            f"source\n  {theory.source}",
            f"example\n  {call}",
        ]
    )


def _example(kind: str, name: str) -> str:
    """A small sweep file with this leaf in it, tried before it is shown; empty where no system fits."""
    systems = [name] if kind == "system" else sorted(listing("sim.systems"), key=lambda one: one != _PLAIN)
    task = name if kind == "task" else None
    for size in (None, {"units": 8}, {}):
        for system, observable in itertools.product(systems, _EXAMPLES if kind != "observable" else (name,)):
            sweep = _tried(system, task, observable, size)
            if sweep is not None:
                return toml(sweep)
    return ""


def _tried(
    system: str, task: str | None, observable: str, size: Mapping[str, int] | None
) -> dict[str, Any] | None:
    """The smallest sweep that is not refused: over the system's first number, or of this size over the factor
    of its weights.
    """
    known = keywords(system, task or "silence", [observable])
    own = [word for word in known.values() if word.owner == f"system {system}"]
    numbers = [word for word in own if word.kind == "number" and word.sweepable and "." not in word.path]
    if size is not None:
        numbers = [
            word for scaled in _SCALED for word in known.values() if f".{word.path}".endswith(f".{scaled}")
        ]
    bare = {word.path.rpartition(".")[2] for word in known.values()}
    if not numbers or not set(size or ()) <= bare:
        return None
    sweep: dict[str, Any] = {"name": "example", "system": system}
    sweep |= {"task": task} if task else {}
    fixed: dict[str, Any] = {"steps": 200} if known["steps"].default is REQUIRED else {}
    fixed |= size or {}
    fixed |= getattr(find("sim.observables", observable), "EXAMPLE", {})
    sweep |= {"observables": [observable], "parameters": fixed}
    sweep["axes"] = {numbers[0].path: {"start": 0.5, "stop": 1.5, "num": 11}}
    for _ in range(_TRIES):
        try:
            recipe(Sweep.parse(sweep))
        except Refused as refusal:
            missing = [problem.place.removeprefix("parameters.") for problem in refusal.problems]
            new = {
                path: 0.5
                for path in missing
                if path in known and path not in fixed and known[path].kind in ("number", "start")
            }
            if not new:
                return None
            fixed |= new
        else:
            return sweep
    return None


def toml(sweep: dict[str, Any]) -> str:
    """A sweep as the text of a sweep file.

    >>> print(toml({"name": "a", "axes": {"weights.gain": {"num": 3}}}))
    name = "a"
    <BLANKLINE>
    [axes."weights.gain"]
    num = 3
    """
    lines = [f"{key} = {json.dumps(value)}" for key, value in sweep.items() if not isinstance(value, dict)]
    if sweep.get("parameters"):
        lines += [
            "",
            "[parameters]",
            *(f"{_key(key)} = {json.dumps(value)}" for key, value in sweep["parameters"].items()),
        ]
    for axis, table in sweep.get("axes", {}).items():
        lines += [
            "",
            f"[axes.{_key(axis)}]",
            *(f"{key} = {json.dumps(value)}" for key, value in table.items()),
        ]
    return "\n".join(lines)


def _key(path: str) -> str:
    return json.dumps(path) if "." in path else path
