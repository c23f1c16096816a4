"""Ray: joined where it runs, or started on this machine, and kept off the terminal.

Nothing here imports Ray before it is asked for.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from edge.errors import DOCTOR, ConfigError, EdgeError, first_line

LOCAL = "auto"
REACH_LIMIT_S = 10.0
"""For each address of the host to take a connection."""
ANSWER_LIMIT_S = 60.0
"""A cluster that has not let this process in by then is not waited for."""
STORE_BYTES = 80 * 2**20
"""Of shared memory, for a Ray of our own: answers are small. Ray's own default is 30 % of all."""
QUIET: dict[str, Any] = {
    "log_to_driver": False,
    "logging_level": logging.CRITICAL,
    "configure_logging": False,  # a service has its own
}

# A process that cannot join a cluster may hang in Ray for minutes, or be ended by it.
JOIN = """
import sys
import ray
try:
    ray.init(sys.argv[1], log_to_driver=False, logging_level="CRITICAL")
except Exception as error:
    told = str(error).strip() or type(error).__name__
    if "InvalidAuthToken" in f"{told} {error.__cause__}":
        told = "it wants a token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to its file"
    sys.exit(print(told.splitlines()[0][:300].rstrip(".")) or 1)
ray.shutdown()
"""


@contextmanager
def ray_cluster(address: str, processors: int, client: bool = True) -> Iterator[ModuleType]:
    """The module `ray`, connected. However the block ends, it is left, or ended if it began here.

    Args:
        address: "auto" starts Ray on this machine; else `HOST:PORT` or `ray://HOST:PORT`.
        processors: Of the Ray that is started here.
        client: `ray://` is taken, too. Without it this machine has to be a node of the cluster.

    Raises:
        ConfigError: The address is not one.
        EdgeError: Ray is not installed, does not start, or does not answer in `ANSWER_LIMIT_S`.
    """
    # Read when Ray is imported: no report of its use, and no packing of what `uv run` runs in.
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_ENABLE_UV_RUN_RUNTIME_ENV="0")
    if address == LOCAL:
        # Only this command may use it: whoever reaches the ports of a Ray can run programs by it,
        # and it listens on all networks. Ray would make a token of its own, and leave it in ~/.ray.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex())
    try:
        import ray
    except ImportError as error:
        raise EdgeError(
            f"--ray needs the package {(error.name or 'ray').split('.')[0]}, which is not"
            f" installed: pip install 'cdat-edge[ray]'; {DOCTOR}."
        ) from None
    own: str | None = None
    try:
        if address == LOCAL:
            # Its sockets need a short path. Ray's logs name files, so they go with it.
            own = tempfile.mkdtemp(prefix="cdat-ray-", dir="/tmp" if os.name == "posix" else None)
            _start(ray, own, processors)
        else:
            check_answers(address, client=client)
            _join(ray, address)
        _silence()
        yield ray
    finally:
        ray.shutdown()
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)


def check_answers(address: str, limit_s: float = ANSWER_LIMIT_S, client: bool = True) -> None:
    """Join the cluster from a process of its own, and leave it again.

    Raises:
        ConfigError: The address is not one.
        EdgeError: The cluster does not answer in time, or refuses this version of Ray or Python.
    """
    try:
        place = urlsplit(address if "://" in address else f"//{address}")
        host, port = place.hostname, place.port
    except ValueError:
        host = port = None
    if not host or not port or place.scheme not in ({"", "ray"} if client else {""}):
        forms = "HOST:PORT or ray://HOST:PORT" if client else "HOST:PORT"
        raise ConfigError(
            f"--ray {address} is not an address: give {forms} of a running Ray, or auto."
        )
    until_s = time.monotonic() + limit_s
    try:
        socket.create_connection((host, port), timeout=min(limit_s, REACH_LIMIT_S)).close()
    except OSError as error:
        cause = error.strerror or "no answer"
        raise EdgeError(f"No Ray answers at {address}: {cause}; {_advice(address)}.") from None
    try:
        joined = subprocess.run(
            [sys.executable, "-c", JOIN, address],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(0.0, until_s - time.monotonic()),
        )
    except subprocess.TimeoutExpired:
        raise EdgeError(
            f"No Ray answers at {address} within {limit_s:g} s; {_advice(address)}."
        ) from None
    if joined.returncode:
        told = joined.stdout.strip() or f"it ended with exit code {joined.returncode}"
        raise EdgeError(f"The Ray at {address} cannot be joined: {told}.")


def _advice(address: str) -> str:
    port = "10001, of its client server," if address.startswith("ray://") else "6379"
    return f"check that it runs, and its port ({port} unless set otherwise)"


def _silence() -> None:
    """No option of Ray stops it from printing on standard output that a process has died."""
    from ray._private import worker

    worker._worker_logs_enabled = False


def _start(ray: ModuleType, folder: str, processors: int) -> None:
    try:
        ray.init(
            "local",
            num_cpus=processors,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            _temp_dir=folder,
            **QUIET,
        )
    except Exception as error:
        raise EdgeError(f"Ray could not be started: {first_line(error).rstrip('.')}.") from None


def _join(ray: ModuleType, address: str) -> None:
    try:
        ray.init(address, **QUIET)
    except Exception as error:
        told = first_line(error).rstrip(".")
        raise EdgeError(f"The Ray at {address} cannot be joined: {told}.") from None
