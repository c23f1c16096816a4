"""The step `transfer` of `cdat-train adapt`: streams learn from each other, checked and undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.bundles import cut_bundle
from fixtures.recorded import write_recorded

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.errors import ConfigError
from edge.recording.session import bundle_digest
from edge.types import MASK_ROWS, STREAMS
from train.adaptation.adapt import adapt
from train.adaptation.changes import Changes, softmax
from train.adaptation.evidence import Evidence, gather
from train.adaptation.lessons import Lessons, directed, lessons
from train.adaptation.shipped import Shipped
from train.adaptation.step import Given
from train.adaptation.steps import STEPS
from train.adaptation.told import why_nothing
from train.adaptation.transfer import fit_transfer, learned
from train.adaptation.write import write_changed
from train.evaluation.takes import open_material

ALL_OFF = [name for name in STEPS if name != "transfer"]
TEXT, AUDIO, VISION = range(3)


@pytest.fixture(scope="module")
def base() -> Bundle:
    return Bundle.load(default_bundle())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recorded(tmp_path_factory.mktemp("own") / "corpus", persons=6)


@pytest.fixture(scope="module")
def recordings(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those without a fault, and without labels."""
    folder = tmp_path_factory.mktemp("plain")
    for one in (corpus / "recordings").iterdir():
        if "." not in one.name:
            (folder / one.name).symlink_to(one)
    return folder


@pytest.fixture(scope="module")
def here(base: Bundle, recordings: Path) -> Evidence:
    return gather(open_material(recordings, base, "all").takes, base, {})


def row(*streams: str) -> int:
    return MASK_ROWS[frozenset(streams)]


def test_the_stream_that_does_better_when_it_is_left_out_learns_from_the_other() -> None:
    usable = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
    confidence = np.zeros((3, 7))
    confidence[0, [row("text"), row("audio")]] = 0.9, 0.4
    pairs = row("audio", "vision"), row("text", "vision"), row("text", "audio")
    confidence[1, pairs] = 0.5, 0.7, 0.6  # without text, audio, vision
    weight = directed(usable, confidence)
    # Of two, the one less confident alone: without sound, confidence is 0.9.
    assert weight[0, AUDIO, TEXT] == 0.9 and weight[0].sum() == 0.9
    wanted = np.zeros((3, 3))
    wanted[AUDIO, [TEXT, VISION]], wanted[VISION, TEXT] = 0.7, 0.6
    assert np.allclose(weight[1], wanted)
    assert not weight[2].any()


def world(rng: np.random.Generator, count: int, pairs: bool = True) -> Lessons:
    """A stream whose embedding tells the label, which it does not know; its teacher does."""
    true = rng.integers(0, 3, count)
    told = true if pairs else rng.permutation(true)
    embeddings = 2.0 * np.eye(8)[true] + rng.normal(0, 0.5, (count, 8))
    target = softmax(4.0 * np.eye(3)[told])
    return Lessons(
        embeddings,
        np.log(np.full((count, 3), 1 / 3)),
        target,
        np.ones(count),
        np.ones(count, bool),
        np.array([f"s{k // 4}" for k in range(count)]),
    )


def test_a_stream_learns_what_its_teacher_knows_and_nothing_from_strangers_pairs() -> None:
    rng = np.random.default_rng(1)
    weights = learned(world(rng, 120), None)
    assert weights is not None
    new = world(rng, 200)
    guess = (new.own + new.embeddings @ weights).argmax(axis=1)
    assert (guess == new.target.argmax(axis=1)).mean() > 0.9
    alone = [learned(world(rng, 120, pairs=False), None) for _ in range(5)]
    sizes = [0.0 if one is None else float(np.abs(one).sum()) for one in alone]
    assert max(sizes) < 0.5 * np.abs(weights).sum()
    assert learned(world(rng, 12), None) is None  # too few


def test_what_is_remembered_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    here = world(rng, 120)
    # The same embeddings, as other people have them, stand for other labels.
    others = world(rng, 120)
    known = softmax(4.0 * np.roll(others.target, 1, axis=1))
    memory = replace(others, own=np.log(known), target=known)
    kept = learned(here, memory)
    monkeypatch.setattr("train.adaptation.transfer.REMEMBERED", 1e-6)
    forgot = learned(here, memory)
    assert forgot is not None
    loss = memory.loss(np.zeros_like(forgot))
    lost = memory.loss(forgot) - loss
    assert lost > 0.05
    assert kept is None or memory.loss(kept) - loss < 0.2 * lost


def test_the_memory_weighs_as_much_in_a_part_of_the_windows_as_in_all() -> None:
    rng = np.random.default_rng(3)
    here, memory = world(rng, 120), world(rng, 60)
    once = learned(here, memory)
    assert once is not None
    for other in (
        learned(here.beside(here), memory),
        learned(here, memory.beside(memory)),
        learned(replace(here, weight=0.2 * here.weight), memory),
    ):
        assert other is not None and np.allclose(other, once, atol=1e-3)


def test_a_stream_that_nothing_could_check_learns_nothing(base: Bundle, here: Evidence) -> None:
    assert lessons(here, AUDIO).taught.any() or lessons(here, TEXT).taught.any()
    assert fit_transfer(Given(here, None, base.manifest, None), Changes()) is None
    found = fit_transfer(Given(here, None, base.manifest, Shipped.of(base)), Changes())
    # No face is in the slice.
    assert found is not None and found.transfer is not None
    assert not found.transfer.weights[VISION].any()
    assert found.transfer.weights.any()


def test_a_report_says_why_each_stream_learns_nothing(base: Bundle, here: Evidence) -> None:
    bare = Given(here, None, base.manifest, None)
    told = why_nothing("transfer", STEPS["transfer"], bare).split("; ")
    assert [one.split()[0] for one in told] == list(STREAMS)
    assert "audio is not in a shipped slice, and no labels could check it" in told
    # No answer is taught where all streams are equally sure.
    even = replace(here, confidence=np.full_like(here.confidence, 0.5))
    nothing = Given(even, None, base.manifest, Shipped.of(base))
    assert fit_transfer(nothing, Changes()) is None
    few = "text is taught in 0 windows of 0 samples, of the 20 of 3 that are needed"
    assert why_nothing("transfer", STEPS["transfer"], nothing).startswith(few)
    # The answers of all streams are the same, so there is nothing to learn.
    same = np.broadcast_to(here.scores[:, :1], here.scores.shape)
    alike = Given(replace(here, scores=same), None, base.manifest, Shipped.of(base))
    assert fit_transfer(alike, Changes()) is None
    assert "came no closer to its teachers" in why_nothing("transfer", STEPS["transfer"], alike)


def test_a_bundle_of_two_streams_answers_as_the_map_says(
    base: Bundle, recordings: Path, tmp_path: Path
) -> None:
    cut = Bundle.load(cut_bundle(tmp_path / "cut", ("text", "vision"), validation_slice=None))
    here = gather(open_material(recordings, cut, "all").takes, cut, {})
    labelled = replace(here, judged=replace(here.judged, true=here.judged.guess))
    changes = fit_transfer(Given(labelled, None, cut.manifest), Changes())
    assert changes is not None and changes.transfer is not None
    assert changes.transfer.weights.shape[0] == 2 and changes.transfer.bits.shape == (3, 2)
    new = write_changed(cut, changes, tmp_path / "new", {})
    plain, found = Networks(cut), Networks(new)
    embeddings = here.embeddings[0] * np.array([1, 0, 1], np.float32)[:, None]
    quality = here.quality[0]
    rows = [row("text"), row("vision"), row("text", "vision")]
    wanted = changes.scores(plain.fuse(embeddings, quality).outputs[rows], embeddings[[0, 2]])
    assert np.abs(found.fuse(embeddings, quality).outputs[rows] - wanted).max() < 1e-5
    assert np.abs(wanted - plain.fuse(embeddings, quality).outputs[rows]).max() > 1e-3


def test_it_is_off_by_default_and_must_be_asked_for(
    base: Bundle, recordings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report = adapt(base, recordings, out, ALL_OFF)
    told = report["steps"]["transfer"]
    assert not told["kept"] and told["because"] == "off by default: ask for it with --step"
    assert not report["written"]
    with pytest.raises(ConfigError, match="--step gate is no step that is off by default"):
        adapt(base, recordings, out, also=["gate"])
    with pytest.raises(ConfigError, match="contradict each other"):
        adapt(base, recordings, out, ["transfer"], also=["transfer"])


def test_without_labels_the_slice_decides_and_the_old_bundle_undoes_it(
    base: Bundle, recordings: Path, tmp_path: Path
) -> None:
    before, out = bundle_digest(base), tmp_path / "out"
    report = adapt(base, recordings, out, ALL_OFF, also=["transfer"])
    told = report["steps"]["transfer"]
    checked = told["shipped_slice"]
    shipped = Shipped.of(base)
    assert shipped is not None and checked["windows"] == shipped.checking.sum()
    assert told["kept"] and not checked["too_much"]
    assert told["because"] == "no worse on the shipped slice; no labels checked it"
    new = Bundle.load(out)
    sizes = new.manifest.provenance["adapted"][0]["changes"]["transfer_size"]
    assert max(sizes["text"], sizes["audio"]) > 0 == sizes["vision"]
    assert list(sizes) == list(STREAMS)
    Networks(new).close()  # its golden outputs are those of its graph
    assert bundle_digest(base) == before


def test_without_labels_and_slice_it_is_not_kept(
    base: Bundle, recordings: Path, tmp_path: Path
) -> None:
    bare = Bundle(base.folder, base.manifest.model_copy(update={"validation_slice": None}))
    report = adapt(bare, recordings, tmp_path / "out", ALL_OFF, also=["transfer"])
    assert not report["steps"]["transfer"]["kept"] and not report["written"]
