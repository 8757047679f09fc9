"""Real stores, an app in this process, and a browser that may speak to this machine only."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import jobs
from tests.conftest import CHROMIUM

CLIFF = {
    "name": "cliff",
    "title": "A small cliff",
    "system": "ctrnn",
    "observables": ["loss", "gradient"],
    "parameters": {"activation": "sigmoid", "alpha": 1.0, "steps": 50, "start": 0.5, "target": 0.7},
    "axes": {"w": {"start": 0.0, "stop": 8.0, "num": 40}, "b": {"start": -6.0, "stop": 2.0, "num": 30}},
}
FAN = {
    "name": "fan",
    "title": "A small fan",
    "system": "rnn",
    "observables": ["trajectory", "final_state"],
    "parameters": {"steps": 20},
    "axes": {
        "activation": {"values": ["tanh", "relu"]},
        "start": {"values": [-0.5, 0.5]},
        "w": {"start": -1.5, "stop": 1.5, "num": 13},
    },
}


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with two finished stores."""
    root = tmp_path_factory.mktemp("shelf")
    for sweep in (FAN, CLIFF):
        jobs.run(sweep, root=root, executor="serial", progress=False)
    return root


@pytest.fixture
def stock(shelf: Path, tmp_path: Path) -> Path:
    """A copy of those stores that a test may spoil."""
    return Path(shutil.copytree(shelf, tmp_path / "stock"))


class Served:
    """An app that runs in a thread of this process."""

    def __init__(self, root: Path) -> None:
        from viz.apps import server

        ready = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(asyncio.new_event_loop())
            self.server, self.url = server.make(root, 0)
            self.loop = self.server.io_loop
            self.server.start()
            self.loop.add_callback(ready.set)
            self.loop.start()
            self.loop.close(all_fds=True)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert ready.wait(30)

    def stop(self) -> None:
        def end() -> None:
            self.server.stop()
            self.loop.stop()

        self.loop.add_callback(end)
        self.thread.join(10)


@pytest.fixture
def served() -> Iterator[type[Served]]:
    """Serve a root: `served(root).url`."""
    running: list[Served] = []

    class Tracked(Served):
        def __init__(self, root: Path) -> None:
            super().__init__(root)
            running.append(self)

    yield Tracked
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium; without one the tests that need it are skipped, or fail where CI forbids that."""
    if not CHROMIUM:
        pytest.fail("SEPARATRIX_REQUIRE_CHROMIUM=1, but there is no Chromium; install it or set CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """A page of 1280 x 800 that remembers errors and every request that would leave this machine."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(20_000)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(f"page error: {error}"))
    page.on(
        "console", lambda message: message.type == "error" and page.faults.append(f"console: {message.text}")
    )
    page.on("request", lambda request: _local(request.url) or page.faults.append(f"request: {request.url}"))
    page.on("websocket", lambda socket: _local(socket.url) or page.faults.append(f"socket: {socket.url}"))
    yield page
    page.close()


def _local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "file:", "about:"))
