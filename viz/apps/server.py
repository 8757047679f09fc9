"""The explorer as a server for this machine only: bound to 127.0.0.1, open to pages that come from itself."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.models import CustomJS

from viz.apps import page
from viz.apps.explorer import Explorer
from viz.apps.window import Window
from viz.reading import Unseen

ADDRESS = "127.0.0.1"
PORT = 5006
_EVERY = 1000  # ms between two looks at a running sweep

# Panel does not hear the back button, and makes a new place in the history of every address that it is told.
# What follows without a hand's doing (the rest of a short address, a cell on the grid) replaces the place.
_BACK = """
const place = Bokeh.documents.flatMap((one) => one.roots()).find((root) => root.type.endsWith("Location"))
let following = true
for (const kind of ["pointerdown", "keydown", "input"])
  window.addEventListener(kind, () => { following = false }, true)
const push = window.history.pushState.bind(window.history)
window.history.pushState = (state, title, url) => {
  if (new URL(url, window.location.href).href === window.location.href) return
  if (following) window.history.replaceState(state, title, url)
  else push(state, title, url)
}
window.addEventListener("popstate", () => { following = true; place.search = window.location.search })
"""


def session(root: Path) -> Callable[[], Any]:
    """A function that makes one app per session."""

    def make() -> Any:
        location = pn.state.location
        explorer = Explorer(root, location.search if location is not None else "")
        pn.state.onload(explorer.loaded)
        if location is not None:
            location.param.watch(explorer.follow, "search")
        layout = explorer.layout()
        if pn.state.curdoc is not None:
            pn.state.curdoc.js_on_event("document_ready", CustomJS(code=_BACK))
            layout.append(Window(explorer.picture.grow).part(pn.state.curdoc))
        pn.state.add_periodic_callback(explorer.look, period=_EVERY)
        return layout

    return make


def make(root: Path | str = "results", port: int = PORT, address: str = ADDRESS) -> tuple[Any, str]:
    """A server that is not yet running, and its address; `port` 0 takes any free one.

    Errors: Unseen for an address other than this machine's, or a port that is taken.
    """
    if address not in (ADDRESS, "localhost"):
        raise Unseen(
            f"address {address!r}: the app is for this machine only and binds to {ADDRESS}; "
            "reach it from elsewhere through an ssh tunnel"
        )
    chosen = _port(port)
    pn.extension(raw_css=[page.PAGE_CSS])
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    origins = [f"{ADDRESS}:{chosen}", f"localhost:{chosen}"]
    server = pn.io.server.get_server(
        session(Path(root)),
        port=chosen,
        address=ADDRESS,
        websocket_origin=origins,
        title="Separatrix",
        show=False,
        start=False,
        liveness=True,
    )
    return server, f"http://{ADDRESS}:{chosen}"


def serve(
    root: Path | str = "results", port: int = PORT, address: str = ADDRESS, say: Callable[[str], None] = print
) -> None:
    """Serve the explorer until Ctrl-C; says its address. A taken default port gives way to a free one."""
    server, url = make(root, port, address)
    say(f"The explorer is at {url}  (Ctrl-C ends it)")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.io_loop.add_callback_from_signal(server.io_loop.stop))
    server.start()
    server.io_loop.start()
    server.stop()


def _port(wish: int) -> int:
    """The port if it is free, a free one for 0 or where the default is taken."""
    if not 0 <= wish <= 65535:
        raise Unseen(f"port {wish}: a port is a number from 0 (any free one) to 65535")
    for trial in (wish, 0) if wish in (0, PORT) else (wish,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, trial))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unseen(f"port {wish} is taken; choose another one, or 0 for any free one")
