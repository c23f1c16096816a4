"""An adaptation must not lose much on the validation slice that its bundle ships."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.recorded import write_recorded

from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import Manifest
from edge.digest import sha256_of
from edge.errors import BundleError
from train.adaptation.adapt import adapt
from train.adaptation.evidence import Evidence, gather
from train.adaptation.shipped import MOST_LOST, Shipped, compared_on, too_much_lost
from train.adaptation.steps import STEPS
from train.commands.adapt import show
from train.evaluation.takes import open_material
from train.stages.draw_slice import WINDOWS, write_validation_slice
from train.stages.shipped_slice import SLICE_NAME, ShippedSlice, read_slice, write_slice
from train.stages.stream_windows import StreamWindows

NAMES = ("calm", "excited", "worried")
STREAMS = ("text", "audio", "vision")


def only(*kept: str) -> list[str]:
    return [name for name in STEPS if name not in kept]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mostly neutral, as its labels say; the bundle calls a third of it "fear"."""
    folder = write_recorded(tmp_path_factory.mktemp("own") / "corpus", NAMES, 6)
    told = json.loads((folder / "corpus.json").read_text())
    (folder / "corpus.json").write_text(json.dumps(told | {"labels": ["happy", "neutral"]}))
    rows = (folder / "samples.csv").read_text()
    for number, name in enumerate(NAMES):
        for person in range(6):
            label = "happy" if number == 1 and person < 2 else "neutral"
            rows = rows.replace(f",{name},p{person},", f",{label},p{person},")
    (folder / "samples.csv").write_text(rows)
    return folder


@pytest.fixture(scope="module")
def seen(corpus: Path) -> Evidence:
    base = Bundle.load(default_bundle())
    takes = [one for one in open_material(corpus, base, "all").takes if not one.faults]
    return gather(takes, base, {})


def slice_of(evidence: Evidence, *labels: str) -> ShippedSlice:
    """The windows to which the bundle gives these labels, as if it were right about all of them."""
    names = evidence.judged.labels
    rows = np.isin(evidence.judged.guess, [names.index(label) for label in labels])
    return ShippedSlice(
        names,
        STREAMS,
        evidence.embeddings[rows].astype(np.float16),
        evidence.quality[rows],
        evidence.judged.guess[rows],
    )


def shipping(folder: Path, made: ShippedSlice | bytes) -> Path:
    """The packaged bundle with a slice."""
    shutil.copytree(default_bundle(), folder)
    if isinstance(made, bytes):
        (folder / SLICE_NAME).write_bytes(made)
    else:
        write_slice(folder / SLICE_NAME, made)
    told = json.loads((folder / "manifest.json").read_text("utf-8"))
    told["validation_slice"] = SLICE_NAME
    told["files"][SLICE_NAME] = sha256_of(folder / SLICE_NAME)
    (folder / "manifest.json").write_text(json.dumps(told), "utf-8")
    return folder


def test_a_step_that_loses_on_the_slice_is_not_kept(
    corpus: Path, seen: Evidence, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = Bundle.load(shipping(tmp_path / "base", slice_of(seen, "fear")))
    report = adapt(base, corpus, tmp_path / "out", only("prior"))
    row = report["steps"]["prior"]
    # Here alone it would be kept.
    assert row["accuracy_after"] > row["accuracy_before"]
    assert row["shipped_slice"]["lost"] > MOST_LOST and not row["kept"]
    assert "less accurate on the shipped slice" in row["because"]
    assert not report["written"] and not (tmp_path / "out").exists()
    show(report, base.folder, tmp_path / "out")
    shown = " ".join(capsys.readouterr().out.split())
    assert "Accuracy on the bundle's validation slice" in shown and "prior -" in shown
    assert "On labels: ECE" in shown and "AUROC" in shown


@pytest.mark.slow
def test_a_prior_is_measured_with_labels_as_frequent_as_it_says(
    corpus: Path, seen: Evidence, tmp_path: Path
) -> None:
    base = Bundle.load(shipping(tmp_path / "base", slice_of(seen, "neutral")))
    report = adapt(base, corpus, tmp_path / "out", only("prior", "typical"))
    assert report["shipped_slice"]["streams"] == list(STREAMS)
    masks = report["steps"]["prior"]["shipped_slice"]["masks"]
    assert len(masks) == 7 and "text+audio" in masks
    assert report["steps"]["prior"]["kept"]
    adapted = Bundle.load(tmp_path / "out")
    assert adapted.manifest.validation_slice == SLICE_NAME
    shipped = read_slice(adapted)
    assert shipped is not None and len(shipped) == report["shipped_slice"]["windows"]


def numbered(items: np.ndarray, label: np.ndarray) -> ShippedSlice:
    """Windows of text: those of one item are equal."""
    embeddings = items.astype(np.float16)[:, None, None]
    return ShippedSlice(
        ("a", "b"), ("text",), embeddings, np.zeros((len(items), 1), np.float32), label
    )


def test_windows_are_weighted_by_what_a_prior_claims() -> None:
    label = np.array([0, 1])
    shipped = ShippedSlice(
        ("a", "b"), ("text",), np.zeros((2, 1, 1), np.float16), np.zeros((2, 1), np.float32), label
    )
    right, first = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.9, 0.1], [0.9, 0.1]])
    found = compared_on(shipped, {"text": right}, {"text": first}, None)
    assert found["lost"] == 0.5 and found["too_much"]
    claimed = np.log(np.array([1.98, 0.02]))
    found = compared_on(shipped, {"text": right}, {"text": first}, claimed)
    assert found["lost"] == 0.01 and not found["too_much"]


def test_a_loss_that_chance_does_not_explain_is_too_much_however_small() -> None:
    label = np.zeros(300, np.int64)
    shipped = numbered(np.arange(300), label)
    before = np.tile([0.9, 0.1], (300, 1))
    before[:6] = 0.1, 0.9

    def after(lost: int, won: int) -> dict[str, Any]:
        scores = before.copy()
        scores[:won] = 0.9, 0.1
        scores[10 : 10 + lost] = 0.1, 0.9
        return compared_on(shipped, {"text": before}, {"text": scores}, None)

    # Five windows are less than two points; where none is won, chance loses five in 1 of 32.
    found = after(5, 0)
    assert found["lost"] < MOST_LOST and found["chance"] == pytest.approx(1 / 32, abs=0.01)
    assert found["too_much"] and "chance would lose as much in" in too_much_lost(found)
    for lost, won in ((3, 0), (6, 3), (4, 4), (0, 5)):
        assert not after(lost, won)["too_much"], (lost, won)
    assert after(0, 5)["chance"] == 1.0


def test_equal_windows_are_one_case_of_chance() -> None:
    before = np.tile([0.9, 0.1], (300, 1))
    after = before.copy()
    after[:6] = 0.1, 0.9
    label = np.zeros(300, np.int64)
    for items, chance in ((np.arange(300), 1 / 64), (np.arange(300) // 2, 1 / 8)):
        shipped = numbered(items, label)
        found = compared_on(shipped, {"text": before}, {"text": after}, None)
        assert found["chance"] == pytest.approx(chance, abs=0.02)
        assert found["too_much"] == (chance < 0.05)


def test_no_window_that_checks_is_equal_to_one_that_is_fitted_on() -> None:
    base = Bundle.load(default_bundle())
    shipped = Shipped.of(base)
    assert shipped is not None
    own, checks = shipped.slice, shipped.checking
    for place in range(len(own.streams)):
        sides = [{one.tobytes() for one in own.embeddings[r, place]} for r in (checks, ~checks)]
        assert not sides[0] & sides[1] and min(map(len, sides)) > 100
    halves = [np.bincount(own.label[rows], minlength=7) for rows in (checks, ~checks)]
    assert np.abs(halves[0] - halves[1]).max() <= 2


def test_windows_are_grouped_by_any_stream_that_is_equal() -> None:
    embeddings = np.array([[5, 1], [6, 2], [7, 1], [6, 3], [8, 4]], np.float16)[..., None]
    made = ShippedSlice(
        ("a",), ("text", "audio"), embeddings, np.zeros((5, 2), np.float32), np.zeros(5, np.int64)
    )
    assert made.group.tolist() == [0, 1, 0, 1, 2]


@pytest.mark.slow
def test_a_bundle_without_a_slice_is_adapted_as_before(corpus: Path, tmp_path: Path) -> None:
    base = Bundle.load(shutil.copytree(default_bundle(), tmp_path / "base"))
    base = Bundle(base.folder, base.manifest.model_copy(update={"validation_slice": None}))
    report = adapt(base, corpus, tmp_path / "out", only("typical"))
    assert report["shipped_slice"] is None
    assert report["steps"]["typical"]["shipped_slice"] is None


def changed(made: ShippedSlice, **changes: Any) -> ShippedSlice:
    return ShippedSlice(**(vars(made) | changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": ("one", "two")}, "its labels are not those of the manifest"),
        ({"streams": ("smell",)}, "its streams are not streams of the manifest"),
        ({"streams": ("audio", "text", "vision")}, "its streams are not streams"),
        ({"quality": np.zeros((1, 2), np.float32)}, "other shapes than the graph's inputs"),
        ({"embeddings": np.full((9, 3, 64), np.nan)}, "other shapes"),
        ({"label": np.zeros(0, np.int64)}, "other shapes"),
        (None, "is not a validation slice of this bundle"),
    ],
)
def test_a_wrong_slice_is_one_sentence(
    seen: Evidence, tmp_path: Path, changes: Mapping[str, Any] | None, sentence: str
) -> None:
    made = b"no zip" if changes is None else changed(slice_of(seen, "happy"), **changes)
    with pytest.raises(BundleError, match=sentence) as raised:
        read_slice(Bundle.load(shipping(tmp_path / "base", made)))
    assert "build the bundle again" in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("wrong", ["nan", "label"])
def test_numbers_that_cannot_be_are_one_sentence(
    seen: Evidence, tmp_path: Path, wrong: str
) -> None:
    made = slice_of(seen, "happy")
    if wrong == "nan":
        made.embeddings[0, 0, 0] = np.nan
    else:
        made.label[0] = 7
    with pytest.raises(BundleError, match="not finite" if wrong == "nan" else "no label"):
        read_slice(Bundle.load(shipping(tmp_path / "base", made)))


def test_the_manifest_lists_the_slice_or_is_refused(seen: Evidence, tmp_path: Path) -> None:
    folder = shipping(tmp_path / "base", slice_of(seen, "happy"))
    told = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert Manifest.model_validate(told).model_dump()["validation_slice"] == SLICE_NAME
    del told["validation_slice"]
    assert "validation_slice" not in Manifest.model_validate(told).model_dump()
    told["validation_slice"] = "other.npz"
    with pytest.raises(ValueError, match=r"no SHA-256 for other\.npz"):
        Manifest.model_validate(told)


def windows_of(labels: tuple[str, ...], stream: str, without: int | None = None) -> StreamWindows:
    rng = np.random.default_rng(STREAMS.index(stream))
    label = np.tile(np.arange(len(labels)), 20)
    label = label[label != without] if without is not None else label
    count = len(label)
    return StreamWindows(
        # The first number of an embedding is its item.
        embedding=np.repeat(np.arange(count, dtype=np.float32)[:, None], 4, axis=1),
        quality=rng.normal(size=(count, 2)).astype(np.float32),
        target=np.zeros((count, 4), np.float32),
        evidence=np.ones(count, bool),
        label=label,
        item=np.arange(count),
        fault=np.array(["clean", "noise"])[(np.arange(count) % 5 == 0).astype(int)],
        severity=np.zeros(count, np.float32),
        share=np.ones(count, np.float32),
    )


def test_only_clean_windows_of_corpora_that_permit_it_are_drawn(tmp_path: Path) -> None:
    labels = ("a", "b", "c")
    windows = {stream: windows_of(labels, stream) for stream in STREAMS}
    corpus = {
        "text": np.array(["goemotions", "meld"])[np.arange(60) // 30],
        "audio": np.array(["emovo", "nemo"])[np.arange(60) // 30],
        "vision": np.full(60, "fer"),
    }
    path = write_validation_slice(tmp_path, windows, corpus, labels, 1)
    assert path is not None
    first = path.read_bytes()
    with np.load(path) as file:
        assert file["streams"].tolist() == ["text", "audio"]
        assert np.bincount(file["label"]).tolist() == [WINDOWS // 3] * 3
        items = file["embeddings"][:, :, 0]
        assert items[:, 0].max() < 30 <= items[:, 1].min()
        assert (items % 5 != 0).all()
        assert (windows["text"].label[items[:, 0].astype(int)] == file["label"]).all()
        assert file["quality"].shape == (WINDOWS, 4)
    write_validation_slice(tmp_path, windows, corpus, labels, 1)
    assert path.read_bytes() == first and len(first) < 100_000


def test_a_stream_that_lacks_a_label_is_left_out_and_none_is_no_slice(tmp_path: Path) -> None:
    labels = ("a", "b", "c")
    windows = {stream: windows_of(labels, stream) for stream in STREAMS}
    windows["audio"] = windows_of(labels, "audio", without=2)
    corpus = {
        s: np.full(60, c) for s, c in zip(STREAMS, ("goemotions", "nemo", "fer"), strict=True)
    }
    path = write_validation_slice(tmp_path, windows, corpus, labels, 1)
    assert path is not None
    with np.load(path) as file:
        assert file["streams"].tolist() == ["text"]
    corpus["text"][:] = "meld"
    assert write_validation_slice(tmp_path, windows, corpus, labels, 1) is None
    assert not path.exists()
