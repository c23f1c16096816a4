"""A correction for one person: measured from a film, kept privately, used by a run, replayed."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fixtures.bundles import cut_bundle
from fixtures.command import Cli, complaint
from fixtures.people import clip_of, still, write_people

import edge
from edge.bundle import Bundle, default_bundle
from edge.config import load_config
from edge.correction.document import read_correction
from edge.errors import EdgeError
from edge.recognition.verdict import verdict_schema
from edge.runtime.run import Run

WORDLESS = ("--set", "asr.engine=none")
Document = dict[str, Any]


@pytest.fixture(scope="module")
def films(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Seven seconds of one speaker without a pause, and the same spoilt."""
    folder = tmp_path_factory.mktemp("films")
    seen, heard = clip_of(data_dir, 0)
    other, _ = clip_of(data_dir, 3)
    talks = slice(12, 49)  # pictures, of 640 samples each
    pictures = list(seen[talks]) * 5
    sound = np.tile(heard[talks.start * 640 : talks.stop * 640], 5)
    black = [np.zeros_like(one) for one in pictures]
    made = {
        "good": ([pictures], sound),
        "dark": ([black], sound),
        "silent": ([pictures], sound * 0),
        "another": ([still(pictures[0], len(pictures))], sound),
        "swapped": ([list(seen[talks]) * 2 + list(other[talks]) * 3], sound),
        "crowd": ([pictures, list(other[talks]) * 5], sound),
        "short": ([pictures[:60]], sound[: 60 * 640]),
    }
    return {name: write_people(folder / f"{name}.mkv", *one) for name, one in made.items()}


@pytest.fixture(scope="module")
def kept() -> list[bytes]:
    """The correction that was measured first."""
    return []


@pytest.fixture
def made(films: dict[str, Path], cli: Cli, tmp_path: Path, kept: list[bytes]) -> Path:
    place = tmp_path / "anna.json"
    if kept:
        place.write_bytes(kept[0])
        return place
    code, _, told = cli(*asked(films["good"], place))
    assert code == 0, told
    kept.append(place.read_bytes())
    return place


def asked(film: Path, place: Path) -> tuple[str, ...]:
    return ("calibrate", "--out", str(place), "--file", str(film), "--strength", "0.25")


def lines(path: Path) -> list[Document]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_is_kept_is_private_and_holds_no_picture_and_no_sound(
    films: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    place = tmp_path / "folder" / "anna.json"
    assert cli(*asked(films["good"], place))[0] == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [one.name for one in place.parent.iterdir()] == ["anna.json"]
    kept = json.loads(place.read_text())
    assert set(kept) == {"schema_version", "bundle", "bundle_digest", "made", "streams"}
    assert kept["bundle_digest"] == Bundle.load(default_bundle()).digest
    assert set(kept["streams"]) == {"audio", "vision"}
    for one in kept["streams"].values():
        assert set(one) == {"shift", "strength", "seconds"}
        assert len(one["shift"]) == 64 and 3 <= one["seconds"] <= 7.5


def test_a_run_says_which_streams_are_corrected_and_its_scores_differ(
    made: Path, films: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    without, corrected = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    run = ("run", "--file", str(films["good"]), *WORDLESS, "--jsonl")
    assert cli(*run, str(without))[0] == 0
    assert cli(*run, str(corrected), "--person-correction", str(made))[0] == 0
    assert all(line["corrected"] is False for line in lines(without))
    shown = lines(corrected)
    for line in shown:
        jsonschema.validate(line, verdict_schema())
        assert line["corrected"] == line["mask"]
    assert any(line["mask"] for line in shown)
    assert cli("convert", str(corrected), "--to", "csv")[0] == 0
    pairs = zip(lines(without), shown, strict=True)
    assert any(one["scores"] != other["scores"] for one, other in pairs)


def test_the_shift_is_subtracted_from_the_pooled_embedding(
    made: Path, films: dict[str, Path]
) -> None:
    config = load_config(
        None,
        ["asr.engine=none"],
        {"source.file": str(films["good"]), "person_correction": str(made)},
    )
    kept = read_correction(made, Bundle.load(default_bundle())).streams["vision"]
    with Run(config) as run:
        shift = run.recognizer.shifts["vision"]
        np.testing.assert_allclose(shift, 0.25 * np.array(kept.shift), rtol=1e-5)
        for _ in run:
            pass
        windows = run.recognizer.newest_windows
        given = run.recognizer._input.embeddings(windows, frozenset({"vision"}))
        seen = windows["vision"].embedding
        assert seen is not None
        np.testing.assert_allclose(given[2], seen - shift, rtol=1e-6)
        assert not given[:2].any()


def test_a_name_is_kept_in_the_users_configuration_folder(
    films: dict[str, Path], cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    film = ("--file", str(films["good"]))
    code, _, told = cli("calibrate", "anna", *film, "--mic", "none", "--strength", "0.1")
    assert code == 0 and "--person-correction anna" in told, told
    place = tmp_path / "cdat-edge" / "people" / "anna.json"
    assert set(json.loads(place.read_text())["streams"]) == {"vision"}
    with edge.open(file=films["good"], asr="none", settings={"person_correction": "anna"}) as run:
        assert {verdict.corrected for verdict in run} <= {(), ("vision",)}
    complaint(cli("calibrate", "anna", *film), "anna.json exists", "--overwrite")


def test_a_replay_applies_the_correction_of_its_run(
    made: Path, films: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    folder = tmp_path / "talk"
    run = ("run", "--file", str(films["good"]), *WORDLESS, "--record", str(folder))
    assert cli(*run, "--person-correction", str(made))[0] == 0
    code, out, told = cli("replay", str(folder), "--check")
    assert code == 0 and "all equal" in out + told


@pytest.mark.parametrize(
    ("film", "parts"),
    [
        ("dark", ("usable face", "0%", "dark")),
        ("silent", ("A voice was heard for 0.0 s", "silent")),
        ("another", ("Somebody else seems to speak",)),
        ("swapped", ("Another person's face took the place of the first one",)),
        ("crowd", ("More than one face",)),
        ("short", ("Only 2.", "longer")),
    ],
)
def test_too_little_of_the_person_is_one_sentence_and_writes_nothing(
    film: str, parts: tuple[str, ...], films: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    complaint(cli(*asked(films[film], tmp_path / "anna.json")), *parts)
    assert not list(tmp_path.iterdir())


def test_without_a_measured_gain_nothing_is_made_unless_it_is_asked_for(
    cli: Cli, tmp_path: Path
) -> None:
    complaint(cli("calibrate", "--out", str(tmp_path / "a.json")), "did not help", "--strength")


def test_a_bundle_that_knows_no_neutral_embeddings_is_named(cli: Cli, tmp_path: Path) -> None:
    old = Path(shutil.copytree(default_bundle(), tmp_path / "old"))
    manifest = json.loads((old / "manifest.json").read_text())
    del manifest["neutral"]
    (old / "manifest.json").write_text(json.dumps(manifest))
    told = cli("calibrate", "--out", str(tmp_path / "a.json"), "--bundle", str(old))
    complaint(told, str(old), "cdat-export neutral")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ("NAME", "--out")),
        (("anna", "--out", "anna.json"), ("NAME", "--out")),
        (("--out", "anna.txt"), ("--out anna.txt", ".json")),
        (("an na",), ("'an na' is not a name",)),
    ],
)
def test_where_to_keep_it_must_be_clear(
    arguments: tuple[str, ...], parts: tuple[str, ...], cli: Cli
) -> None:
    complaint(cli("calibrate", *arguments), *parts)


def _changed(change: Document) -> Any:
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | change))


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (lambda path: path.write_text("{"), ("not valid JSON",)),
        (lambda path: path.unlink(), ("There is no correction", "cdat-edge calibrate")),
        (lambda path: (path.unlink(), path.mkdir()), ("is not a file",)),
        (_changed({"schema_version": 9}), ("schema_version 9",)),
        (_changed({"bundle_digest": "0" * 64}), ("was made for the bundle", "cdat-edge default")),
        (_changed({"streams": {}}), ("streams",)),
        (
            _changed({"streams": {"text": {"shift": [0.0] * 64, "strength": 1, "seconds": 1}}}),
            ("streams.text cannot be corrected",),
        ),
        (
            _changed({"streams": {"audio": {"shift": [0.0], "strength": 1, "seconds": 1}}}),
            ("streams.audio.shift has 1 values, not 64",),
        ),
    ],
)
def test_a_correction_that_does_not_fit_is_one_sentence(
    spoil: Any, parts: tuple[str, ...], made: Path, films: dict[str, Path]
) -> None:
    spoil(made)
    with pytest.raises(EdgeError) as told:
        edge.open(file=films["good"], asr="none", settings={"person_correction": str(made)}).close()
    assert all(part in str(told.value) for part in (*parts, str(made))), told.value


def test_a_correction_is_refused_for_several_people(
    made: Path, films: dict[str, Path], cli: Cli
) -> None:
    run = ("run", "--file", str(films["good"]), "--people", "all")
    complaint(cli(*run, "--person-correction", str(made)), "one person", "people is all")


def test_an_interrupted_write_keeps_the_file_of_before(
    made: Path, films: dict[str, Path], cli: Cli
) -> None:
    before = made.read_bytes()
    complaint(cli(*asked(films["dark"], made), "--overwrite"), "usable face")
    assert made.read_bytes() == before


def test_a_bundle_of_words_alone_has_nothing_to_correct(cli: Cli, tmp_path: Path) -> None:
    words = cut_bundle(tmp_path / "words", ("text",))
    complaint(
        cli("calibrate", "--out", str(tmp_path / "a.json"), "--bundle", str(words)), "neutral"
    )


@pytest.mark.parametrize(
    ("neutral", "parts"),
    [
        ({"text": {"embedding": [0.0] * 64, "strength": 0}}, ("neutral.text",)),
        ({"audio": {"embedding": [0.0] * 3, "strength": 0}}, ("must have 64 values",)),
        ({"audio": {"embedding": [0.0] * 64, "strength": 2}}, ("neutral.audio.strength",)),
    ],
)
def test_a_bundle_with_wrong_neutral_embeddings_is_refused(
    neutral: Document, parts: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    wrong = Path(shutil.copytree(default_bundle(), tmp_path / "wrong"))
    manifest = json.loads((wrong / "manifest.json").read_text()) | {"neutral": neutral}
    (wrong / "manifest.json").write_text(json.dumps(manifest))
    complaint(cli("run", "--file", "no.mkv", "--bundle", str(wrong)), "manifest.json", *parts)


def test_a_bundle_is_corrected_by_its_own_strength(
    films: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    gains = Path(shutil.copytree(default_bundle(), tmp_path / "gains"))
    manifest = json.loads((gains / "manifest.json").read_text())
    manifest["neutral"]["audio"]["strength"] = 0.3
    (gains / "manifest.json").write_text(json.dumps(manifest))
    place = tmp_path / "a.json"
    film = ("--file", str(films["good"]), "--bundle", str(gains))
    code, _, told = cli("calibrate", "--out", str(place), *film)
    assert code == 0 and "did not help" not in told
    streams = json.loads(place.read_text())["streams"]
    assert {name: one["strength"] for name, one in streams.items()} == {"audio": 0.3}
