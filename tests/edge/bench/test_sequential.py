"""The sequential loop frees what it has loaded."""

from __future__ import annotations

from fixtures.lamp import Counting, engine

from edge.bench.load import standard_load
from edge.bench.sequential import sequential
from edge.config import load_config

__all__ = ["engine"]


def test_its_networks_are_closed(engine: type[Counting]) -> None:
    config = load_config(None, [], {"engine.name": "counting", "asr.engine": "none"})
    verdicts = sequential(config, standard_load(2), 1.0)
    assert next(verdicts).seq == 0
    assert engine.opened and not any(one.closed for one in engine.opened)
    verdicts.close()
    assert all(one.closed for one in engine.opened)
