"""One set of networks for several runs: the same values, with and without batches."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.bundle.shared import SharedNetworks
from edge.clock import MonotonicClock
from edge.types import NS_PER_S
from export.bundle.any_batch import write_any_batch
from export.cli import main

STREAMS = ("text", "audio", "vision")


@pytest.fixture(scope="module")
def any_batch(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("batch") / "bundle"
    return Bundle.load(write_any_batch(Bundle.load(default_bundle()), folder))


def inputs_of(bundle: Bundle, stream: str, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    spec = bundle.manifest.streams[stream]
    if spec.dtype.startswith("float"):
        return [rng.normal(size=spec.shape).astype(spec.dtype) for _ in range(count)]
    return [rng.integers(1, 50, spec.shape).astype(spec.dtype) for _ in range(count)]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("batches", [True, False])
def test_items_of_several_runs_get_the_values_that_they_get_alone(
    any_batch: Bundle, stream: str, batches: bool
) -> None:
    bundle = any_batch if batches else Bundle.load(default_bundle())
    notes: list[str] = []
    shared = SharedNetworks(
        bundle, MonotonicClock(), note=notes.append, wait_ns=30 * NS_PER_S, batch_max=8
    )
    assert bool(notes) is not batches
    if notes:
        assert "takes one item a pass" in notes[0]
    given = inputs_of(bundle, stream, 4)
    found: dict[int, tuple[np.ndarray, float]] = {}

    def ask(place: int) -> None:
        found[place] = shared.encode(stream, given[place])

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        shared.add_run(frozenset({stream}))
        thread.start()
    for thread in threads:
        thread.join(60)
    assert shared.passes[stream].items == 4
    alone = Networks(Bundle.load(default_bundle()))
    for place, tensor in enumerate(given):
        embedding, logit = alone.encode(stream, tensor)
        np.testing.assert_allclose(found[place][0], embedding, atol=1e-5)
        assert found[place][1] == pytest.approx(logit, abs=1e-5)
    alone.close()
    shared.close()


def test_cdat_export_batch_writes_a_bundle_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["batch", "--out", str(tmp_path / "new")])
    assert set(Bundle.load(tmp_path / "new").manifest.names) == set(STREAMS)
    with pytest.raises(SystemExit, match=r"^1$"):
        main(["batch", "--out", str(tmp_path / "new")])
    assert "exists: give a new folder" in capsys.readouterr().err
