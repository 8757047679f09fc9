import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from viz.apps import server
from viz.reading import Unseen


@pytest.mark.parametrize("address", ["0.0.0.0", "", "192.168.1.5", "::"])
def test_no_other_machine_may_come_in(address, shelf):
    with pytest.raises(Unseen, match="this machine only"):
        server.make(shelf, 0, address)


def test_a_taken_port_is_refused_but_the_default_gives_way(monkeypatch, shelf):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unseen, match="is taken"):
            server._port(port)
        monkeypatch.setattr(server, "PORT", port)
        assert server._port(port) != port
    with pytest.raises(Unseen, match="65535"):
        server._port(70_000)


@pytest.fixture
def process(shelf, repository):
    code = "from viz.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--root", str(shelf), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=repository, **pipes) as started:
        yield started
        started.kill()


def test_the_server_listens_here_and_ends_quietly_on_ctrl_c(process):
    """One loopback port, foreign pages are refused, Ctrl-C ends it with code 0 and no traceback."""
    url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
    assert "Separatrix" in _read(url)
    port = int(url.rpartition(":")[2])
    assert " 403 " in _handshake(port, "http://evil.example")
    assert " 403 " in _handshake(port, f"http://localhost.evil.example:{port}")
    assert " 403 " in _handshake(port, "null")
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    assert listening == {f"0100007F:{port:04X}"}
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Traceback" not in out + err


def _read(url):
    for _ in range(100):
        try:
            return urllib.request.urlopen(url, timeout=5).read().decode()
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")


def _handshake(port, origin):
    """The first line of the answer to a page of this origin that wants a websocket."""
    lines = [
        "GET /ws HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: {origin}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as channel:
        channel.sendall("\r\n".join([*lines, "", ""]).encode())
        return channel.recv(100).decode().splitlines()[0]
