"""systemd is told by real datagrams that a run is ready, lives and stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.verdicts import verdict
from fixtures.waiting import LIMIT_S

from edge.sinks.service import Service

CLIP = Path(__file__).parents[3] / "edge" / "assets" / "demo_speech.opus"


@pytest.fixture(params=["path", "abstract"])
def manager(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify")
    abstract = request.param == "abstract"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name if abstract else name)
        listening.settimeout(LIMIT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name if abstract else name)
        yield listening


def test_ready_comes_once_and_every_verdict_feeds_the_watchdog(manager: socket.socket) -> None:
    with closing(Service()) as service:
        service.write(verdict(0))
        service.write(verdict(1))
    first, second, last = (manager.recv(4096).decode().split("\n") for _ in range(3))
    assert first[:2] == ["READY=1", "WATCHDOG=1"] and first[2].startswith("STATUS=")
    assert second[0] == "WATCHDOG=1" and second[1].endswith("/s")
    assert last == ["STOPPING=1"]


def test_a_manager_that_has_gone_or_never_was_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (str(tmp_path / "nobody"), ""):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        with closing(Service()) as service:
            service.write(verdict(0))


def test_a_manager_that_reads_nothing_delays_nothing(manager: socket.socket) -> None:
    with closing(Service()) as service:
        for number in range(2000):  # far more than the socket holds
            service.write(verdict(number))


def test_a_real_run_tells_its_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(LIMIT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        command = [sys.executable, "-m", "edge", "run", "--file", str(CLIP), "--pace", "live"]
        with subprocess.Popen(
            [*command, "--set", "asr.engine=none"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                assert listening.recv(4096).startswith(b"READY=1\nWATCHDOG=1\nSTATUS=")
                process.send_signal(signal.SIGTERM)
                while listening.recv(4096) != b"STOPPING=1":
                    pass
                process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
        assert process.returncode == 0
