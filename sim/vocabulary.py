"""The words a sweep may use: the keywords of a system, a task, observables and the run itself."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sim.errors import Problem, Refused, refuse
from sim.faults import written_in
from sim.leaves import packs
from sim.names import beside, find
from sim.signature import REQUIRED, Keyword, described
from sim.start import RunKeywords

__all__ = ["REQUIRED", "Keyword", "builder", "keywords", "packs", "unknown"]


def builder(module: ModuleType, name: str) -> Any:
    """What makes a system's pack from keywords: its `build`, else its one NamedTuple."""
    if hasattr(module, "build"):
        return module.build
    found = packs(module)
    if len(found) != 1:
        raise refuse(
            "system",
            f"{name!r} defines {len(found)} NamedTuples; one is needed, or a function build(*, …) that "
            "makes the right one",
        )
    return found[0]


def unknown(system: str, task: str, observables: Sequence[str], folder: Path | None = None) -> list[Problem]:
    """What is wrong with these names: not found, or a user's file that fails; empty if all is well."""
    wanted = [
        ("sim.systems", system),
        ("sim.tasks", task),
        *(("sim.observables", name) for name in observables),
    ]
    problems: list[Problem] = []
    for package, name in wanted:
        try:
            find(package, name, folder)
        except Refused as refusal:
            problems += refusal.problems
    return problems


def keywords(
    system: str,
    task: str = "silence",
    observables: Sequence[str] = (),
    words: Mapping[str, Sequence[str]] | None = None,
    folder: Path | None = None,
) -> dict[str, Keyword]:
    """All keywords that a sweep of these may use, by full name.

    `words` are the family words chosen for group heads (`{"weights": ["gaussian"]}`); without a choice the
    default's keys are listed. A system's module may have START, its own default start, and DEFAULTS, its own
    defaults of other keywords that are not its own; where it has INNER, the keyword that names the system
    inside it, those of that system count too. Raises Refused for unknown names, and where two owners
    use one name for different things.
    """
    chosen = words or {}
    if problems := unknown(system, task, observables, folder):
        raise Refused(problems)
    with beside(folder):
        module = find("sim.systems", system)
        leaves = [find("sim.tasks", task), *(find("sim.observables", name) for name in observables)]
        with written_in([module, *leaves]):
            return _keywords(module, system, task, observables, chosen)


def _keywords(
    module: ModuleType,
    system: str,
    task: str,
    observables: Sequence[str],
    chosen: Mapping[str, Sequence[str]],
) -> dict[str, Keyword]:
    found = described(RunKeywords, "run", chosen)
    sources = [
        (builder(module, system), f"system {system}"),
        (find("sim.tasks", task).Keywords, f"task {task}"),
    ]
    for name in observables:
        leaf = find("sim.observables", name)
        sources.append((leaf.observable.keywords, f"observable {name}"))
    for source, owner in sources:
        for path, keyword in described(source, owner, chosen).items():
            other = found.get(path, keyword)
            if (other.kind, other.default, other.meaning) != (keyword.kind, keyword.default, keyword.meaning):
                raise refuse(
                    f"parameters.{path}",
                    f"{other.owner} and {owner} both use {path!r}, for different things; rename it in one",
                )
            found.setdefault(path, keyword)
    for speaking in _inside(module, chosen, found):
        for path, default in getattr(speaking, "DEFAULTS", {}).items():
            if path in found:
                found[path] = dataclasses.replace(found[path], default=default)
        if hasattr(speaking, "START"):
            found["start"] = dataclasses.replace(found["start"], default=speaking.START)
    return found


def _inside(
    module: ModuleType, chosen: Mapping[str, Sequence[str]], found: Mapping[str, Keyword]
) -> Iterator[ModuleType]:
    """The modules whose defaults count, the last one most: that of a wrapper's one system comes first."""
    head = getattr(module, "INNER", None)
    words = [word for word in chosen.get(head, ()) if word in found[head].choices] if head else []
    if len(words) == 1:
        yield find("sim.systems", words[0])
    yield module
