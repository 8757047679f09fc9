"""Does a Dask scheduler answer at an address? Asked before a client is made.

A client waits without end for whatever takes a connection and says nothing (the scheduler's own dashboard,
any web server), and one that could not be made complains ten seconds later when it is collected.
"""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from distributed.core import rpc
from distributed.security import Security

from sim.errors import Refused, refuse

PATIENCE = 5.0  # seconds


def reach(address: str) -> None:
    """Errors: Refused where no scheduler answers at the address, with what was found there."""
    try:
        with ThreadPoolExecutor(1) as pool:  # a notebook's own thread has a loop that runs already
            kind = pool.submit(asyncio.run, _kind(address)).result()
    except ValueError:
        raise _refused(f"{address!r:.80} has no port; write an address as tcp://host:8786") from None
    except (TypeError, ssl.SSLError):
        cure = "name its certificates in Dask's configuration, distributed.comm.tls"
        raise _refused(f"{address!r:.80} needs a connection by TLS; {cure}") from None
    except Exception as fault:  # noqa: BLE001  whatever answers there
        cure = "start one with: dask scheduler (8786 is its port, 8787 that of its dashboard)"
        name = type(fault).__name__
        raise _refused(f"{address[:80]} does not answer as a Dask scheduler ({name}); {cure}") from None
    if kind != "Scheduler":
        raise _refused(f"{address[:80]} is a Dask {kind.lower()}; write the address of its scheduler")


def _refused(text: str) -> Refused:
    return refuse("--scheduler", text)


async def _kind(address: str) -> str:
    return await asyncio.wait_for(_asked(address), PATIENCE)


async def _asked(address: str) -> str:
    options: dict[str, Any] = Security().get_connection_args("client")
    async with rpc(address, connection_args=options) as server:
        return str((await server.identity())["type"])
