"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from fixtures.examples import load_profile

pytest_plugins = [
    "fixtures.chromium",
    "fixtures.command",
    "fixtures.demo_recording",
    "fixtures.pulse",
    "fixtures.installed",
    "fixtures.listener",
    "fixtures.lockstep",
    "fixtures.mjpeg",
    "fixtures.mosquitto",
    "fixtures.rtsp",
    "fixtures.nvidia",
    "fixtures.played_page",
    "fixtures.trained",
    "fixtures.vosk_server",
]


load_profile()

# A shell that starts the suite in the background ignores Ctrl-C, and every process inherits that:
# tests that press it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# So does nohup with a hang-up, and tests close terminals.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

LONGEST = Path(__file__).with_name("longest.txt").read_text("utf-8").split()
"""Files that take longest, in the order in which they are to begin."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, or in the end one process would work and the rest wait."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::")[0], len(LONGEST)))


@pytest.fixture(autouse=True)
def _engines_of_a_test() -> Iterator[None]:
    """An engine that a test registers is gone after it."""
    from edge import engines

    before = dict(engines._ENGINES)
    yield
    engines._ENGINES.clear()
    engines._ENGINES.update(before)


NO_DATA = "no real data"
"""How the reason of a skip begins that is right on any machine: data is no part of the project."""
NO_INDEX = "no package index holds"
"""The same of a package that cannot be installed from one, such as ROS 2's."""
NOT_ROOT = "not permitted without root"
"""The same of what only root may do, such as to make a network."""
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def complete(report: Report) -> Report:
    """Where CI=true has set the machine up, a skip for a part that is missing is a failure."""
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not told.removeprefix("Skipped: ").startswith((NO_DATA, NO_INDEX, NOT_ROOT)):
            report.outcome = "failed"
            report.longrepr = f"skipped under CI=true, where every part must be there: {told}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return complete((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return complete((yield))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data, which no part of the project contains; see `CDAT_DATA`."""
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("CDAT_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{NO_DATA} at {folder}: set CDAT_DATA to its folder")
    return folder
