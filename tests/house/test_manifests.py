"""pyproject.toml, pixi.toml and requirements.lock say the same thing, and the tree uses what they declare."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.house.floors import FLOORS, REPOSITORY, sources

PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PIXI = tomllib.loads((REPOSITORY / "pixi.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"dask": "dask-core", "playwright": "playwright-python", "torch": "pytorch"}
# Imported inside a function that says what to do without it.
OPTIONAL = {"matplotlib"}
PIXI_TABLES = {"workspace", "dependencies", "pypi-dependencies", "tasks", "feature", "environments"}


def _conda(requirements: list[str]) -> dict[str, SpecifierSet]:
    parsed = [Requirement(text) for text in requirements]
    return {CONDA_NAMES.get(item.name, item.name): item.specifier for item in parsed}


def _pixi(tables: dict) -> dict[str, SpecifierSet]:
    """A feature's conda and registry dependencies together, without the project itself."""
    found = {**tables.get("dependencies", {}), **tables.get("pypi-dependencies", {})}
    return {name: SpecifierSet(text) for name, text in found.items() if name != PROJECT["name"]}


def test_runtime_dependencies_agree():
    pixi = _pixi(PIXI)
    assert pixi.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert pixi == _conda(PROJECT["dependencies"])


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_each_extra_is_a_feature(extra):
    assert _pixi(PIXI["feature"][extra]) == _conda(EXTRAS[extra])


def test_each_feature_is_an_extra_and_stands_in_an_environment():
    assert set(PIXI["feature"]) == set(EXTRAS)
    assert {feature for entry in PIXI["environments"].values() for feature in entry["features"]} == set(
        EXTRAS
    )


def test_name_version_and_description_agree():
    for key in ("name", "version", "description"):
        assert PIXI["workspace"][key] == PROJECT[key]
    assert PIXI["pypi-dependencies"][PROJECT["name"]] == {"path": ".", "editable": True}


def test_floors_carry_no_caps():
    for text in [*PROJECT["dependencies"], *(item for extra in EXTRAS.values() for item in extra)]:
        operators = [clause.operator for clause in Requirement(text).specifier]
        assert operators == [">="], f"{text}: one floor and no cap"


def test_pixi_has_the_tasks_and_only_the_tables_that_we_use():
    tasks = {
        **PIXI["tasks"],
        **{k: v for f in PIXI["feature"].values() for k, v in f.get("tasks", {}).items()},
    }
    assert {"demo", "test", "serve", "lint", "bench"} <= set(tasks)
    for name, task in tasks.items():
        assert set(task) <= {"cmd", "description", "args", "depends-on", "env", "cwd"}, name
        assert task["cmd"].split()[0] in {"separatrix", "python", "ruff"}, name
    assert set(PIXI) <= PIXI_TABLES
    assert PIXI["workspace"]["channels"] == ["conda-forge"]


def test_pixi_follows_its_schema():
    """The schema is not ours to commit: PIXI_SCHEMA names a copy of it."""
    if "PIXI_SCHEMA" not in os.environ:
        pytest.skip("PIXI_SCHEMA=/path/to/schema.json names no schema")
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(Path(os.environ["PIXI_SCHEMA"]).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(PIXI)


@pytest.mark.parametrize("text", [*PROJECT["dependencies"], *EXTRAS["test"]])
def test_what_is_installed_meets_its_floor(text):
    requirement = Requirement(text)
    assert requirement.specifier.contains(version(requirement.name)), (
        f"installed: {version(requirement.name)}"
    )


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    distributions = packages_distributions()
    imported: dict[str, str] = {}
    for file in sources():
        for line, name in file.imports():
            top = name.split(".")[0]
            if top not in FLOORS and top not in sys.stdlib_module_names and top != "__future__":
                imported[top] = f"{file.path}:{line}"
    used = {canonicalize_name(owner): top for top in imported for owner in distributions.get(top, [top])}
    missing = {name: imported[top] for name, top in used.items() if name not in declared | OPTIONAL}
    assert not missing, f"imported and not declared in pyproject.toml: {missing}"
    idle = declared - set(used)
    assert not idle, f"declared in pyproject.toml and imported nowhere: {sorted(idle)}"


def test_the_package_holds_the_three_floors_and_their_data():
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(FLOORS)
    module, _, function = PROJECT["scripts"]["separatrix"].partition(":")
    assert (REPOSITORY / (module.replace(".", "/") + ".py")).exists()
    assert function == "main"


# -------------------------------------------------------------------------------------------- the lock

LOCK = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
PINS = [
    Requirement(line.removesuffix("\\").strip())
    for line in LOCK.splitlines()
    if re.match(r"[A-Za-z0-9]", line)
]


def pins(python: str) -> list[Requirement]:
    """What is installed on Linux with this Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    return [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(environment)]


def test_the_lock_names_no_host():
    assert "://" not in LOCK
    assert "index-url" not in LOCK
    assert "find-links" not in LOCK


def test_every_pin_is_exact_and_hashed():
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK)
    entries = [entry for entry in entries if re.match(r"[A-Za-z0-9]", entry)]
    assert len(entries) == len(PINS) > 30
    for pin, entry in zip(PINS, entries, strict=True):
        assert [clause.operator for clause in pin.specifier] == ["=="], str(pin)
        assert "--hash=sha256:" in entry, str(pin)


@pytest.mark.parametrize("text", [*PROJECT["dependencies"], *EXTRAS["test"]])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_satisfies_every_requirement(text, python):
    requirement = Requirement(text)
    found = [
        pin for pin in pins(python) if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
    ]
    assert len(found) == 1, (
        f"requirements.lock has {len(found)} pins for {text} on Python {python}; make it anew"
    )
    (clause,) = found[0].specifier
    assert requirement.specifier.contains(clause.version)


def test_the_lock_has_one_version_for_every_python_that_it_is_tried_with():
    """Newer Pythons would get newer releases, which nobody has tried: `--fork-strategy fewest` keeps them."""

    def versions(python: str) -> set[str]:
        return {f"{pin.name}{pin.specifier}" for pin in pins(python)}

    assert versions("3.13") <= versions("3.12") <= versions("3.11")


def test_no_lock_that_names_hosts():
    for name in ("uv.lock", "pylock.toml", "pixi.lock"):
        assert not (REPOSITORY / name).exists(), f"{name} names hosts: requirements.lock is the lock"


def test_the_peers_floors_hold_where_they_are_installed():
    for text in [*EXTRAS["oracle"], *EXTRAS["bench"]]:
        requirement = Requirement(text)
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            continue
        assert requirement.specifier.contains(found)


def test_no_file_names_a_host_of_packages_or_a_folder_of_somebodys_machine():
    told = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("not a git repository: its files cannot be listed")
    words = re.compile("py" r"pi\.org|pythonh" r"osted|ana" r"conda\.|/ro" "ot/|/ho" "me/")
    for name in told.stdout.splitlines():
        path = REPOSITORY / name
        if path.suffix not in {".png", ".ttf", ".npz", ".npy"} and path.is_file():
            found = words.search(path.read_text(encoding="utf-8"))
            assert not found, f"{name} names {found.group()}"


def test_the_ci_script_is_a_program():
    script = REPOSITORY / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
