"""`cdat-train strangers` end to end, on miniatures of all corpora."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from fixtures.bundles import cut_bundle
from fixtures.miniature import write_corpora
from fixtures.strangers import write_strangers

from edge.bundle import default_bundle
from train.cli import main
from train.studies.strangers import left_out_lines, left_out_voices, measure
from train.studies.strangers.sources import SOURCES


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_strangers(write_corpora(tmp_path_factory.mktemp("data"), each=3))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path_factory.getbasetemp() / "strangers-cache"))
    monkeypatch.setattr(measure, "ROUNDS", 20)


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["strangers", *map(str, arguments)])
    return int(end.value.code or 0)


@pytest.mark.slow
def test_every_corpus_is_measured_and_marked(
    corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    manifest["provenance"]["data"] = "FER+, RAVDESS, GoEmotions, MELD; terms in MODEL_CARD.md"
    (bundle / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert _run("--bundle", bundle, "--data", corpora, "--out", tmp_path) == 0
    streams = json.loads((tmp_path / "strangers.json").read_text())["streams"]
    assert {stream: tuple(found) for stream, found in streams.items()} == SOURCES
    marks = {name: one["trained"] for found in streams.values() for name, one in found.items()}
    known = {name for name, trained in marks.items() if trained}
    assert known == {"goemotions", "meld", "ravdess", "fer"}
    assert streams["audio"]["emovo"]["persons"] == 2 and streams["audio"]["emovo"]["classes"] == 4
    assert streams["text"]["isear"]["words_of_its_own"]["n"] == streams["text"]["isear"]["n"]
    for found in streams.values():
        for one in found.values():
            assert sum(one["predicted"].values()) == pytest.approx(1)
            assert sum(one["true"].values()) == one["n"]
            assert one["probe"] is None or one["probe"]["n"] == one["n"]
    assert streams["audio"]["ravdess"]["probe"] is None  # one actor
    shown = (tmp_path / "strangers.md").read_text()
    assert shown.count("| stranger |") == 7 and shown.count("| in training |") == 4
    assert "ravdess" not in capsys.readouterr().out.split("Written")[1]


def test_an_interrupted_study_encodes_nothing_twice(
    corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("--stream", "vision", "--part", "val", "--data", corpora, "--out", tmp_path)
    assert _run(*asked) == 0
    first = (tmp_path / "strangers.json").read_bytes()
    monkeypatch.setattr("train.studies.strangers.answers._embedded", None)
    assert _run(*asked) == 0
    assert (tmp_path / "strangers.json").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--stream", "smell"), "--stream smell is not one of text, audio, vision."),
        (("--part", "train"), "--part train is neither test nor val."),
        (("--left-out", "vision"), "--left-out vision is neither text nor audio."),
    ],
)
def test_misuse_is_one_sentence(
    corpora: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    assert _run(*arguments, "--data", corpora, "--out", tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [f"cdat-train: {sentence}"]


def test_a_bundle_without_the_stream_or_its_data_is_refused(
    corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = cut_bundle(tmp_path / "cut", ("audio", "vision"))
    asked = ("--bundle", bundle, "--data", corpora, "--out", tmp_path / "out")
    assert _run(*asked, "--stream", "text") == 1
    assert "has no stream text" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stream", "study", "count"), [("text", left_out_lines, 5), ("audio", left_out_voices, 3)]
)
def test_encoders_with_one_corpus_left_out(
    corpora: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
    study: object,
    count: int,
) -> None:
    little = {"epochs": 1, "samples": 32, "batch": 8, "learning_rate": 0.01}
    monkeypatch.setattr(
        study, "FIT", {**little, "class_balance": 0.3} if stream == "audio" else little
    )
    assert _run("--left-out", stream, "--data", corpora, "--out", tmp_path) == 0
    found = json.loads((tmp_path / "left_out.json").read_text())
    assert len(found["uniform prior"]) == count
    table = (tmp_path / "left_out.md").read_text()
    written = (tmp_path / "left_out.json").read_bytes()
    # Every training is finished, so the second run only measures.
    monkeypatch.setattr(study, "vary", None, raising=False)
    assert _run("--left-out", stream, "--data", corpora, "--out", tmp_path) == 0
    assert (tmp_path / "left_out.md").read_text() == table
    assert (tmp_path / "left_out.json").read_bytes() == written
