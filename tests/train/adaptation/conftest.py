"""Recordings of a user's own people, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.own_room import NAMES, PERSONS
from fixtures.recorded import write_recorded


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recorded(tmp_path_factory.mktemp("own") / "corpus", NAMES, PERSONS) / "recordings"
