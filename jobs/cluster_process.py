"""A cluster of worker processes as a process of its own: `python -m jobs.cluster_process WORKERS MEMORY`.

It stands apart from the driver so that a plain script without a main guard can use it (workers start by
importing this module as their main, never the user's script), and so that it ends with its driver: it lives
as long as its standard input is open, which the kernel closes when the driver ends, however it ends. The
first line of its output is the scheduler's address. Everything binds to this machine only.
"""

import os
import signal
import sys

import dask
from distributed import LocalCluster

SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-ttl": "60s",
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.logging": {"distributed": "critical"},
}


def main() -> None:
    """Start the workers, say where, wait for the driver to end, and end."""
    workers, memory = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver
    dask.config.set(SETTINGS)
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=memory or None,
        silence_logs=50,
    )
    print(cluster.scheduler_address, flush=True)
    sys.stdin.buffer.read()
    try:
        cluster.close(timeout=2)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
