"""A bundle of fewer streams: it serves with what it has, and opens nothing else."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("onnx")

from fixtures.bundles import cut_bundle
from fixtures.media import write_clip

from edge.bundle import Bundle
from edge.cli import main
from edge.config import load_config
from edge.doctor.devices import check_camera
from edge.doctor.models import check_speech_to_text
from edge.errors import BundleError, ConfigError
from edge.recognition.verdict import verdict_schema
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.types import STREAMS


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mkv", 3.0)


def _lines(clip: Path, bundle: Path) -> list[dict[str, Any]]:
    run = Run(load_config(None, [], {"source.file": str(clip), "bundle": str(bundle)}))
    lines = [verdict.to_dict() for verdict in run.verdicts()]
    for line in lines:
        jsonschema.validate(line, verdict_schema())
    return lines


@pytest.mark.parametrize(
    "streams",
    [some for n in (1, 2) for some in itertools.combinations(STREAMS, n)],
    ids=lambda some: "+".join(some),
)
def test_what_the_bundle_lacks_is_absent_and_the_rest_runs(
    streams: tuple[str, ...], clip: Path, tmp_path: Path
) -> None:
    lines = _lines(clip, cut_bundle(tmp_path / "bundle", streams))
    assert len(lines) >= 10
    for line in lines:
        for name in set(STREAMS) - set(streams):
            assert line["streams"][name]["state"] == "absent"
            assert line["streams"][name]["reason"] is None
            assert line["streams"][name]["coverage"] == 0
        assert set(line["mask"]) <= set(streams)
    if "audio" in streams:
        assert any("audio" in line["mask"] and line["label"] for line in lines)


def test_sound_alone_loads_no_face_detector(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.recognition.intake.FaceFrontEnd", None)
    assert _lines(clip, cut_bundle(tmp_path / "bundle", ("audio",)))


def test_the_command_runs_it_on_a_sound_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = write_clip(tmp_path / "sound.wav", 3.0, fps=None, codecs=("", "pcm_s16le"))
    bundle = cut_bundle(tmp_path / "bundle", ("audio",))
    out = tmp_path / "out.jsonl"
    told = ["run", "--file", str(sound), "--bundle", str(bundle), "--jsonl", str(out)]
    monkeypatch.setattr(sys, "argv", ["cdat-edge", *told])
    with pytest.raises(SystemExit, match=r"^0$"):
        main()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert lines[-1]["mask"] == ["audio"]
    assert lines[-1]["scores"]


@pytest.mark.parametrize("raw", [False, True])
def test_a_recording_of_more_streams_is_judged_by_those_that_the_bundle_has(
    raw: bool, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cut_bundle(tmp_path / "whole", STREAMS)
    settings = {"source.file": str(clip), "bundle": str(whole), "record.raw": raw}
    run = Run(load_config(None, [], settings | {"record.folder": str(tmp_path / "recording")}))
    count = len(list(run.verdicts()))
    out = tmp_path / "out.jsonl"
    bundle = cut_bundle(tmp_path / "sound", ("audio",))
    told = ["replay", str(tmp_path / "recording"), "--bundle", str(bundle), "--jsonl", str(out)]
    monkeypatch.setattr(sys, "argv", ["cdat-edge", *told])
    with pytest.raises(SystemExit, match=r"^0$"):
        main()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(lines) == count
    assert lines[-1]["mask"] == ["audio"]
    assert lines[-1]["streams"]["vision"]["state"] == "absent"


def test_a_camera_that_was_asked_for_is_refused_in_a_sentence(tmp_path: Path) -> None:
    bundle = cut_bundle(tmp_path / "bundle", ("text", "audio"))
    with pytest.raises(ConfigError, match="no network for vision, only for text and audio: leave"):
        Run(load_config(None, [], {"bundle": str(bundle), "source.camera": 0}))


def test_devices_that_nobody_asked_for_and_nobody_needs_stay_closed(tmp_path: Path) -> None:
    only_sound = cut_bundle(tmp_path / "sound", ("audio",))
    run = Run(load_config(None, [], {"bundle": str(only_sound)}))
    assert [feed.streams for feed in run.feeds] == [{"audio"}]
    only_face = cut_bundle(tmp_path / "face", ("vision",))
    run = Run(load_config(None, [], {"bundle": str(only_face)}))
    assert [feed.streams for feed in run.feeds] == [{"vision"}]
    only_words = cut_bundle(tmp_path / "words", ("text",))
    run = Run(load_config(None, [], {"bundle": str(only_words)}))
    assert [feed.streams for feed in run.feeds] == [{"audio"}]  # what words are heard from


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"streams": {}}, "streams must have one or more of the keys text, audio, vision"),
        ({"fusion": {"masks": [["text"]]}}, r"fusion.masks must be \[\['audio'\]\], in this order"),
        (
            {"gate": {"reliability": {"vision": {"drop": 0, "readmit": 0}}}},
            "gate.reliability must have the key",
        ),
    ],
)
def test_a_manifest_whose_parts_speak_of_other_streams_is_refused(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    bundle = cut_bundle(tmp_path / "bundle", ("audio",))
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    for key, value in changes.items():
        manifest[key] = manifest[key] | value if value else value
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=said) as error:
        Bundle.load(bundle)
    assert "Value error" not in str(error.value)


def test_a_source_of_which_the_bundle_uses_nothing_is_refused_in_a_sentence(tmp_path: Path) -> None:
    class Pictures:
        name, streams = "pictures", frozenset({"vision"})

    feed = Feed(Pictures(), Pictures.streams, lossless=False)  # type: ignore[arg-type]
    config = load_config(None, [], {"bundle": str(cut_bundle(tmp_path / "bundle", ("audio",)))})
    with pytest.raises(ConfigError, match="no network for vision, only for audio: leave out pict"):
        Run(config, lambda clock: [feed])


def test_the_doctor_asks_for_no_more_than_the_bundle_uses(tmp_path: Path) -> None:
    only_sound = str(cut_bundle(tmp_path / "bundle", ("audio",)))
    config = load_config(None, [], {"bundle": only_sound, "source.mic": "none"})
    for check in (check_camera, check_speech_to_text):
        assert check(config).state == "note"
    asked = load_config(None, [], {"bundle": only_sound, "source.camera": 0})
    with pytest.raises(ConfigError, match="no network for vision, only for audio: leave out --cam"):
        check_camera(asked)
