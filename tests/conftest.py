"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fixtures.examples import load_profile

pytest_plugins = [
    "fixtures.chromium",
    "fixtures.pulse",
    "fixtures.mjpeg",
    "fixtures.rtsp",
    "fixtures.trained",
]


load_profile()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data, which no part of the project contains; see `CDAT_DATA`."""
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("CDAT_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set CDAT_DATA to its folder")
    return folder
