"""Joins a Ray cluster, or starts a Ray of this machine alone. Nothing before imports Ray."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from edge.errors import SinkError, first_line
from edge.web.address import parse_address

KEY = "serve.ray"
LOCAL = "auto"
REACH_S = 3.0
ANSWER_S = 20.0
"""For Ray's answer to a first driver: its own client would try for minutes."""
QUIET: dict[str, Any] = {
    "include_dashboard": False,
    "log_to_driver": False,
    "logging_level": logging.CRITICAL,
    "configure_logging": False,
}
PROBE = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="CRITICAL")
except Exception as error:
    print("refused:", str(error).strip().splitlines()[0][:300])
else:
    print("joined")
"""


@contextlib.contextmanager
def joined(address: str, processors: int) -> Iterator[Any]:
    """The module `ray`, connected; what was started here is ended at the end.

    Args:
        address: HOST:PORT of a cluster that this machine is a node of; "auto" for a local Ray.
        processors: That a local Ray may give to replicas.

    Raises:
        SinkError: Ray is not installed, or does not answer; in half a minute at most.
        ConfigError: The address is not valid.
    """
    if find_spec("ray") is None:
        raise SinkError("--ray needs ray: run `pip install 'cdat-edge[ray]'`.")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == LOCAL:
        # Whoever reaches the ports of a Ray can run programs by it, and it listens on all networks.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    else:
        _check_answers(address)
    import ray

    # What Ray tells of workers that end is printed, whatever its logging is set to.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        try:
            if address == LOCAL:
                ray.init("local", num_cpus=processors, **QUIET)
            else:
                ray.init(address, **QUIET)
        except Exception as error:
            raise SinkError(f"{KEY}: Ray did not start: {first_line(error)}") from None
        try:
            yield ray
        finally:
            ray.shutdown()


def _check_answers(address: str) -> None:
    place = parse_address(address, KEY)
    advice = "look whether `ray start` runs there, and whether this machine is a node of it"
    try:
        socket.create_connection((place.host, place.port), REACH_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SinkError(f"{KEY}: no Ray at {address} ({reason}): {advice}.") from None
    try:
        told = subprocess.run(
            [sys.executable, "-c", PROBE, str(place)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=ANSWER_S,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired:
        raise SinkError(
            f"{KEY}: {address} did not answer as Ray does within {ANSWER_S:g} s: {advice}."
        ) from None
    if told.splitlines()[-1:] != ["joined"]:
        why = told.strip().removeprefix("refused: ") or "its client ended"
        raise SinkError(f"{KEY}: {address} cannot be joined ({why}): {advice}.")
