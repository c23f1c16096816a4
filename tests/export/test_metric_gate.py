"""An engine in reduced precision is accepted by the task's figure on real items, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("pyarrow")

import onnx
from numpy.typing import NDArray

from edge.bundle import Bundle, default_bundle
from edge.engines import Arrays, Engine, EngineOptions, open_engine
from edge.errors import DataError, EngineError
from edge.frontends import FrontEndParams
from edge.types import Float
from export.bundle.synthetic import synthetic_item
from export.graphs.precision import Inputs, in_fp16, in_int8
from export.proof.metric_figure import Figure, judged
from export.proof.metric_gate import COMPOSED, MetricGate
from export.proof.passes import Engines
from export.proof.real_slice import Items, RealSlice

ITEMS = 210


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(default_bundle())


@pytest.fixture(scope="module")
def reference(bundle: Bundle) -> Iterator[Engines]:
    engines = {g: opened(file) for g, file in bundle.graphs.items()}
    yield engines
    for engine in engines.values():
        engine.close()


@pytest.fixture(scope="module")
def items(bundle: Bundle, reference: Engines) -> RealSlice:
    """Items made by code, labelled as the reference labels them, so that its figures are 1."""
    rng = np.random.default_rng(0)
    made: RealSlice = {}
    for stream in bundle.manifest.names:
        shape = bundle.manifest.streams[stream].shape
        windows = [varied(stream, shape, rng) for _ in range(ITEMS)]
        made[stream] = Items(windows, np.arange(ITEMS) % 7, np.arange(ITEMS))
    found = MetricGate(bundle, reference, made)._expected.found
    return {s: replace(one, labels=found[s][:, 0]) for s, one in made.items()}


def varied(stream: str, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.generic]:
    """One window of one item. Noise alone finds one label; coarse patches find several."""
    item: NDArray[Any] = synthetic_item(stream, None, shape, FrontEndParams(), rng)
    if stream == "text":
        return item
    patches = rng.standard_normal((1, 1, 4, 4)).repeat(shape[1] // 4, 2).repeat(shape[2] // 4, 3)
    return np.asarray(item + patches * {"vision": 0.3, "audio": 6.0}[stream], np.float32)


@pytest.fixture(scope="module")
def gate(bundle: Bundle, reference: Engines, items: RealSlice) -> MetricGate:
    return MetricGate(bundle, reference, items)


def opened(path: Path) -> Engine:
    return open_engine("onnxruntime", path, EngineOptions(device="cpu"))


class Wrapped:
    """An engine whose outputs somebody alters."""

    def __init__(self, engine: Engine) -> None:
        self.spec, self.device, self._engine = engine.spec, engine.device, engine

    def warm_up(self) -> None: ...

    def close(self) -> None: ...

    def run(self, arrays: Arrays) -> dict[str, Float]:
        return self._engine.run(arrays)


class Nan(Wrapped):
    def run(self, arrays: Arrays) -> dict[str, Float]:
        return {name: v * np.float32(np.nan) for name, v in super().run(arrays).items()}


class Swapped(Wrapped):
    """Two labels change their places."""

    def run(self, arrays: Arrays) -> dict[str, Float]:
        out = super().run(arrays)
        return out | {"probabilities": out["probabilities"][:, ::-1]}


def test_half_precision_is_accepted_with_both_figures(
    bundle: Bundle, reference: Engines, items: RealSlice, tmp_path: Path
) -> None:
    path = tmp_path / "vision.onnx"
    onnx.save(in_fp16(onnx.load(bundle.path("vision.onnx"))), path)
    result = MetricGate(bundle, reference, items).check({"vision": opened(path)})
    assert result.accepted, result.sentence
    assert [figure.name for figure in result.figures] == ["vision", COMPOSED]
    assert result.figures[0].reference == 1.0 and result.figures[0].items == len(items["vision"])
    assert "against 1.0000 of the reference on 210 items" in result.sentence
    assert result.sentence.endswith("the manifest's metric_loss of 0.005 is kept: accepted.")


def test_int8_with_ranges_of_darkness_is_refused_with_both_figures(
    bundle: Bundle, gate: MetricGate, tmp_path: Path
) -> None:
    dark: list[Inputs] = [{"crop": np.full((1, 1, 48, 48), k / 1e6, np.float32)} for k in range(64)]
    path = tmp_path / "vision.onnx"
    onnx.save(in_int8(onnx.load(bundle.path("vision.onnx")), dark), path)
    result = gate.check({"vision": opened(path)})
    assert not result.accepted
    lost = max(figure.loss for figure in result.figures)
    assert lost > 0.005
    worst = next(figure for figure in result.figures if figure.loss == lost)
    assert f"accuracy {worst.candidate:.4f} against {worst.reference:.4f}" in result.sentence
    assert result.sentence.endswith("the manifest's metric_loss is 0.005: refused.")


def test_swapped_labels_are_refused_in_every_figure(
    bundle: Bundle, reference: Engines, gate: MetricGate
) -> None:
    result = gate.check({"fusion": Swapped(reference["fusion"])})
    assert not result.accepted
    names = [figure.name for figure in result.figures]
    assert names == [*bundle.manifest.names, COMPOSED]
    assert all(figure.loss > 0.1 for figure in result.figures[:3])


@pytest.mark.parametrize(("right", "accepted"), [(898, True), (895, True), (894, False)])
def test_a_loss_up_to_the_limit_is_accepted(right: int, accepted: bool) -> None:
    figures = (Figure("text", 1000, 0.9, right / 1000, 0.99, (0.0, 0.01)),)
    assert judged(figures, 0.005).accepted is accepted


def test_nan_is_an_error_and_no_label(reference: Engines, gate: MetricGate) -> None:
    for graph in ("text", "fusion"):
        with pytest.raises(EngineError, match=f"of {graph} that are not finite"):
            gate.check({graph: Nan(reference[graph])})


def test_comparing_nothing_is_an_error(
    bundle: Bundle, reference: Engines, items: RealSlice, gate: MetricGate
) -> None:
    for candidate in ({}, dict(reference), {"smell": reference["text"]}):
        with pytest.raises(EngineError, match="was given"):
            gate.check(candidate)
    few = {
        s: Items(one.windows[:199], one.labels[:199], one.groups[:199]) for s, one in items.items()
    }
    with pytest.raises(DataError, match=r"199 real items of text cannot show a loss of 0\.005"):
        MetricGate(bundle, reference, few)
    with pytest.raises(DataError, match="0 real items of text"):
        MetricGate(bundle, reference, {})


def test_a_reference_that_finds_one_label_shows_nothing(
    bundle: Bundle, reference: Engines, items: RealSlice
) -> None:
    same = Items([items["audio"].windows[0]] * ITEMS, items["audio"].labels, np.arange(ITEMS))
    with pytest.raises(EngineError, match="finds one label in all items of audio"):
        gate = MetricGate(bundle, reference, items | {"audio": same})
        gate.check({"audio": Wrapped(reference["audio"])})


def test_the_reference_passes_over_the_items_once(
    bundle: Bundle, reference: Engines, items: RealSlice
) -> None:
    class Counts(Wrapped):
        runs = 0

        def run(self, arrays: Arrays) -> dict[str, Float]:
            Counts.runs += 1
            return super().run(arrays)

    counted = {**reference, "vision": Counts(reference["vision"])}
    gate = MetricGate(bundle, counted, items)
    for _ in range(2):
        gate.check({"text": Wrapped(reference["text"])})
    assert Counts.runs == len(items["vision"])
