"""A start is measured in fresh processes, without and with speech-to-text."""

from __future__ import annotations

import pytest

from edge.bench import start
from edge.bench.load import standard_load
from edge.bench.process import TASKS
from edge.config import load_config

pytestmark = [pytest.mark.alone, pytest.mark.slow]


@pytest.mark.skipif(not TASKS.is_dir(), reason="needs Linux' /proc")
def test_a_start_says_how_long_the_first_label_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "STARTS", 1)
    config = load_config(None, [], {"asr.engine": "pocketsphinx"})
    silent, heard = start.measure_start(config, standard_load(8), lambda what: None)
    assert (silent["speech_to_text"], heard["speech_to_text"]) == (False, True)
    for row in (silent, heard):
        # A verdict that is only too early for a label does not count: the first two at least.
        assert 0.5 <= row["evidence_s"] <= 1.5
        assert row["wall_s"] > row["evidence_s"]
        assert 0.2 < row["cpu_s"] < 60
    # The words have a process of their own, with a model of 90 MiB.
    assert heard["memory_mib"] > silent["memory_mib"] + 50 > 100
