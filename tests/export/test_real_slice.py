"""A few labelled items of the corpora, and the inputs of calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("pyarrow")

from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions, open_engine
from edge.errors import DataError
from export.proof.calibration import calibration_inputs
from export.proof.metric_gate import MetricGate
from export.proof.real_slice import read_corpora, read_slice
from train.corpora.known import FIRST, TITLES
from train.corpora.labels import LABELS
from train.corpora.ravdess import listed


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(default_bundle())


def test_items_are_of_one_split_with_labels_of_the_manifest(
    bundle: Bundle, miniature: Path
) -> None:
    names = tuple(reversed(bundle.manifest.labels))
    turned = replace(bundle, manifest=bundle.manifest.model_copy(update={"labels": names}))
    items = read_slice(turned, miniature, 5)
    assert {stream: len(one) for stream, one in items.items()} == dict(text=5, audio=5, vision=5)
    shapes = {stream: one.windows[0].shape[1:] for stream, one in items.items()}
    assert shapes == {s: bundle.manifest.streams[s].shape for s in bundle.manifest.names}
    corpora = read_corpora(miniature, ["audio"], 5, "test", 0)
    assert set(corpora.clips.persons) == {"ravdess/19"}  # the miniature's test actor
    assert len(set(items["audio"].groups.tolist())) == 1
    told = [names[label] for label in items["audio"].labels]
    assert told == [LABELS[label] for label in corpora.clips.labels]
    rows = listed(miniature)
    by_name = dict(zip(rows.names, rows.labels, strict=True))
    assert told == [LABELS[by_name[name]] for name in corpora.clips.names]


def test_the_seed_decides_which_items(bundle: Bundle, miniature: Path) -> None:
    drawn = [read_corpora(miniature, ["audio"], 4, "train", s).clips.names for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_absent_data_and_other_labels_are_one_sentence(
    bundle: Bundle, miniature: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"goemotions\.parquet is missing"):
        read_slice(bundle, tmp_path, 5)
    with pytest.raises(DataError, match="ask for one or more"):
        read_slice(bundle, miniature, 0)
    labels = ("calm", *bundle.manifest.labels[1:])
    other = replace(bundle, manifest=bundle.manifest.model_copy(update={"labels": labels}))
    with pytest.raises(DataError, match="has the labels calm, happy"):
        read_slice(other, miniature, 5)


def test_calibration_takes_the_training_split_and_faulted_windows(
    bundle: Bundle, miniature: Path
) -> None:
    engines = {
        g: open_engine("onnxruntime", file, EngineOptions(device="cpu"))
        for g, file in bundle.graphs.items()
    }
    inputs = calibration_inputs(bundle, engines, miniature, 8)
    assert {graph: len(some) for graph, some in inputs.items()} == dict(
        text=8, audio=8, vision=8, fusion=8
    )
    for graph, some in inputs.items():
        for name, spec in engines[graph].spec.inputs.items():
            assert all(one[name].shape == spec.shape for one in some)
            assert all(str(one[name].dtype) == spec.dtype for one in some)
    assert all(np.isfinite(one["quality"]).all() for one in inputs["fusion"])


@pytest.mark.slow
def test_a_figure_of_real_items_is_near_that_of_the_model_card(
    bundle: Bundle, data_dir: Path
) -> None:
    items = read_slice(bundle, data_dir, 80)
    engines = {
        g: open_engine("onnxruntime", file, EngineOptions(device="cpu"))
        for g, file in bundle.graphs.items()
    }
    eighty_are_enough = bundle.manifest.model_copy(update={"metric_loss": 0.02})
    gate = MetricGate(replace(bundle, manifest=eighty_are_enough), engines, items)
    found = gate._expected
    by_corpus = bundle.manifest.provenance["test"]["by_corpus"]
    for stream in bundle.manifest.names:
        told = [by_corpus[stream][TITLES[one]] for one in FIRST[stream]]
        wanted = sum(one["n"] * one["accuracy"] for one in told) / sum(one["n"] for one in told)
        right = float((found.found[stream][:, 0] == items[stream].labels).mean())
        # Eighty items have a standard error of 0.055; fusion's head is not the encoder's.
        assert right == pytest.approx(wanted, abs=0.15)
