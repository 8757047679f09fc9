"""The whole command line: the job commands, and show, serve, demo, describe. Heavy imports stand inside."""

import io
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.cli import FAULTY, Root, StoreName, app, command

Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", metavar="KEY=VALUE", help="An option of the view, as scale=log or x=w; may be repeated."
    ),
]
Held = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="AXIS=VALUE",
        help="Where an axis that is not drawn is held, as seed=3; may be repeated.",
    ),
]
Port = Annotated[int, typer.Option(help="Port of this machine; 0 takes any free one.")]


@command("show")
def show_command(
    store: StoreName,
    root: Root = "results",
    variable: Annotated[str | None, typer.Option(help="What to draw; default: the first result.")] = None,
    view: Annotated[
        str | None, typer.Option(help="How to draw it; default: the view that fits best.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .png or .html file; default: STORE.png here.")
    ] = None,
    at: Held = None,
    option: Options = None,
) -> None:
    """Draw a variable of a store into a picture, without a server."""
    import jobs
    from viz import reading
    from viz.files import save, target
    from viz.view import draw, listing, scene

    path = target(output if output is not None else Path(f"{Path(store).name.removesuffix('.zarr')}.png"))
    own = view is not None and view not in listing()  # a user's view may use all of xarray
    dataset: Any = jobs.open(store, root) if own else jobs.glance(store, root)
    name = str(reading.variable(dataset, variable).name)
    held = _pairs("--at", at)
    chosen = {**_pairs("--option", option), **({"at": held} if held else {})}
    seen = scene(dataset, name, view, **chosen)
    save(seen if seen is not None else draw(dataset, name, view, **chosen), path)
    print(f"{path}: {seen.caption if seen is not None else name}")


@command("serve")
def serve_command(root: Root = "results", port: Port = 5006) -> None:
    """Look at the stores of a root in the browser, on this machine only."""
    from viz.apps.server import serve

    serve(root, port, say=lambda words: print(words, flush=True))


@command("demo")
def demo_command(
    root: Root = "results",
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Look at it in the browser afterwards.")
    ] = True,
    port: Port = 5006,
) -> int | None:
    """Compute the loss cliff of a recurrent network, say what was found, and show it in the browser."""
    from viz.demo import demo

    failed = demo(root, lambda words: print(words, flush=True))
    if serve and not failed:
        from viz.apps.server import serve as serve_app

        serve_app(root, port, say=lambda words: print(words, flush=True))
    return FAULTY if failed else None


@command("describe")
def describe_command(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="system, task, observable, view or theory.")
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which one, as rnn; or a file of yours.")
    ] = None,
) -> None:
    """Say what there is to write in a sweep: systems, tasks, observables, views, theories."""
    from viz.describe import describe

    print(describe(kind, name))


def _pairs(flag: str, texts: list[str] | None) -> dict[str, Any]:
    """KEY=VALUE words as a dictionary; a number where it reads as one."""
    from viz.reading import Unseen

    pairs: dict[str, Any] = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            example = "seed=3" if flag == "--at" else "scale=log"
            raise Unseen(f"{flag} {text[:80]!r}: write KEY=VALUE, as in {flag} {example}")
        pairs[key] = value
        for number in (float, int):
            with suppress(ValueError):
                pairs[key] = number(value)
    return pairs


def main() -> None:
    """The entry point `separatrix`. What an output cannot encode is written as its number, not as a fault."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()
