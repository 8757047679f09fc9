"""The job commands. Nothing heavy is imported before a command needs it: `--help` answers at once."""

import errno
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="separatrix",
    help="A laboratory for recurrent networks as dynamical systems: sweeps that survive anything.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DONE, INTERRUPTED, WRONG, FAULTY = 0, 1, 2, 3

Root = Annotated[str, typer.Option("--root", help="Folder of the stores.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set any key of the sweep, as axes.w.num=64 or name=other; may be repeated.",
    ),
]
File = Annotated[
    str, typer.Argument(help="A sweep file, or the name of a shipped sweep such as pascanu-cliff.")
]
StoreName = Annotated[str, typer.Argument(metavar="STORE", help="A store's name in the root, or its path.")]


def command(name: str) -> Callable[[Callable[..., int | None]], Callable[..., None]]:
    """Register a command that returns its exit code; what is refused is one message, never a traceback."""

    def register(function: Callable[..., int | None]) -> Callable[..., None]:
        @wraps(function)
        def guarded(*given: Any, **named: Any) -> None:
            with told():
                raise typer.Exit(function(*given, **named) or DONE)

        app.command(name)(guarded)
        return guarded

    return register


@contextmanager
def told() -> Iterator[None]:
    """Turn what went wrong into one message and an exit code."""
    from sim.errors import Refused

    try:
        yield
    except Refused as refusal:
        _say(
            f"error: {refusal}"
            if len(refusal.problems) == 1
            else f"{len(refusal.problems)} errors:\n{refusal}"
        )
        raise typer.Exit(WRONG) from None
    except MemoryError as fault:
        _say(f"error: out of memory ({fault}); write fewer steps, units or cells, or take fewer --workers")
        raise typer.Exit(WRONG) from None
    except KeyboardInterrupt:
        _say("interrupted: what is computed is safe; the same command goes on with it")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        _say(f"error: {where}{fault.strerror or fault}")
        lasting = fault.errno in {errno.EACCES, errno.EPERM, errno.EROFS}  # running again cures none of them
        raise typer.Exit(WRONG if lasting else INTERRUPTED) from None


@command("plan")
def plan_command(
    file: File,
    root: Root = "results",
    workers: Annotated[int | None, typer.Option(help="Workers; default: processors here.")] = None,
    settings: Settings = None,
) -> None:
    """Say what a sweep will cost: cells, tiles, bytes, memory, and its time, measured on one tile."""
    from jobs import planning
    from jobs.rooms import root_path, store_path

    planned = planning.plan(planning.read(file, _changes(settings)))
    count = planning.workers_here(workers)
    where = root_path(root)
    kind = planned.executor()
    hands = planned.hands(kind, count)
    planned.refuse(where, hands)
    grid, sweep = planned.grid, planned.sweep
    seconds, faults = planning.probe(planned)
    axes = " x ".join(f"{axis.dim} {axis.size:,}" for axis in sweep.axes) or "one cell"
    tile = " x ".join(f"{extent:,}" for extent in grid.tile) or "1"
    _print(f"sweep    {sweep.name}  ({sweep.id[:12]})")
    _print(f"cells    {grid.cells:,}  ({axes})")
    _print(f"tiles    {len(grid):,}  of {tile} cells")
    names = ", ".join(item.name for item in planned.recipe.variables)
    _print(f"bytes    {planning.size(planned.bytes)} before compression: {names}")
    _print(f"memory   {planning.size(planned.memory(hands))}")
    _print(f"time     {_duration(seconds / hands)} predicted, {kind} x {hands}")
    if faults:
        _print(f"faults   cells that fail in the tile that was tried: {faults[:300]}")
    _print(f"into     {store_path(where, sweep.name)}")


@command("run")
def run_command(
    file: File,
    root: Root = "results",
    workers: Annotated[
        int | None, typer.Option(help="Threads or processes, as planned; default: processors here.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, as tcp://host:8786.")
    ] = None,
    serial: Annotated[bool, typer.Option("--serial", help="One tile after another in this process.")] = False,
    processes: Annotated[
        bool, typer.Option("--processes", help="Processes, however short the sweep is.")
    ] = False,
    settings: Settings = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace a store of this name.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put back damaged metadata and coordinates.")
    ] = False,
) -> int:
    """Run a sweep, or go on with it; what is computed already is not computed again."""
    from jobs.execute import run
    from sim.errors import refuse

    if sum([serial, processes, scheduler is not None]) > 1:
        raise refuse("--serial", "only one of --serial, --processes and --scheduler can be meant")
    if scheduler is not None and not scheduler.startswith(("tcp://", "tls://")):
        raise refuse("--scheduler", f"{ascii(scheduler)[:80]} given; write an address as tcp://host:8786")
    executor = "serial" if serial else "processes" if processes else scheduler or "auto"
    with _interruptible():
        result = run(file, root, executor, workers, fresh=fresh, repair=repair, changes=_changes(settings))
    for message in result.messages[:5]:
        _say(f"failed: {message}")
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in result.counts.items())
    did = f"{result.computed_tiles:,} of {result.tiles:,} tiles computed in {_duration(result.seconds)}"
    did += f" ({result.executor})"
    _print(f"{result.sweep.name}: {counts}; {did if result.computed_tiles else 'nothing recomputed'}")
    _print(f'open with: xarray.open_zarr("{result.path}")')
    return FAULTY if result.failed else DONE


@command("list")
def list_command(root: Root = "results") -> None:
    """List the stores of a root and how far they are."""
    from jobs.entries import catalog

    entries = catalog(root)
    if not entries:
        _print(f"no stores in {root}; separatrix run pascanu-cliff makes one")
    width = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        shape = " x ".join(f"{dim} {size}" for dim, size in entry.shape.items())
        part = f"{entry.done}/{entry.tiles}" + (f" ({entry.failed} failed)" if entry.failed else "")
        line = f"{entry.name:{width}}  {entry.state:11}  {part:>11}  {entry.system}  {shape}  {entry.updated}"
        _print(f"{line} {entry.note}".rstrip())


@command("status")
def status_command(store: StoreName, root: Root = "results") -> int:
    """Say how far a store is; takes no lock and reads no array."""
    from jobs.entries import describe
    from jobs.rooms import find
    from sim.errors import refuse

    entry = describe(find(store, root))
    if entry.state == "damaged":
        raise refuse("", f"{entry.path} is damaged: {entry.note}")
    names = {
        0: "pending",
        1: "ok",
        2: "diverged",
        3: "not_converged",
        4: "step_limit",
        5: "timeout",
        6: "crashed",
        7: "out_of_memory",
    }
    _print(f"{entry.name}: {entry.state}")
    _print(f"tiles    {entry.done:,} done, {entry.failed:,} failed, of {entry.tiles:,}")
    cells = ", ".join(f"{count:,} {names.get(code, code)}" for code, count in entry.cells.items())
    _print(f"cells    {cells or 'none yet'}")
    _print(f"updated  {entry.updated}")
    for message in entry.messages[:5]:
        _print(f"failed   {message}")
    return FAULTY if entry.state == "failed" else DONE


@command("verify")
def verify_command(store: StoreName, root: Root = "results") -> int:
    """Check every byte of a store against its ledger; damaged tiles are computed again by the next run."""
    from jobs.verifying import verify

    report = verify(store, root)
    for place in report.damaged[:20]:
        _print(f"damaged: {place}")
    if len(report.damaged) > 20:
        _print(f"and {len(report.damaged) - 20} more")
    said = f"{len(report.damaged)} damaged" if report.damaged else "all as written"
    _print(
        f"{report.path}: {report.checked:,} of {report.tiles:,} tiles checked, {said}"
        + (f"; {report.note}" if report.note else "")
    )
    return FAULTY if report.damaged else DONE


@command("new")
def new_command(
    file: Annotated[Path, typer.Argument(help="The sweep file to write, as my-sweep.toml.")],
) -> None:
    """Write a commented sweep file to start from; an existing file is not touched."""
    from jobs.starter import write

    path = write(file)
    _print(f"wrote {path}; try: separatrix plan {path}")


def _changes(settings: list[str] | None) -> dict[str, Any]:
    from jobs.sweep import setting

    return dict(map(setting, settings or []))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM stop a run cleanly: what is on disk stays, running again goes on."""
    from jobs.work import Stopped

    def stop(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except Stopped as stopped:
        _say(f"stopped: {stopped}")
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _say(f"interrupted: what is computed is safe; go on with: {going_on(sys.argv)}")
        sys.stdout.flush()
        os._exit(INTERRUPTED)  # a thread in a long kernel would hold up the interpreter's end


def going_on(words: list[str]) -> str:
    """The command that takes up what these words began: the same one, but it replaces nothing.

    >>> going_on(["/usr/bin/separatrix", "run", "my sweep.toml", "--fresh", "--set", "name=b"])
    "separatrix run 'my sweep.toml' --set name=b"
    """
    return shlex.join(["separatrix", *(word for word in words[1:] if word != "--fresh")])


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _print(text: str) -> None:
    print(text, flush=True)


def _say(text: str) -> None:
    with suppress(BrokenPipeError, ValueError):
        print(text, file=sys.stderr, flush=True)
