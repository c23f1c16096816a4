"""IEMOCAP's own folder as clips of one speaker, and from there to a bundle."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import iemocap_film, iemocap_folder
from numpy.typing import NDArray
from scipy.io import wavfile

from train.cli import main
from train.corpora.recorded.table import read_source

DIALOGUE = "Ses01F_impro01"


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


def grey(t_s: float) -> NDArray[np.uint8]:
    """The left half grows brighter with time; the right half is white."""
    picture = np.full((48, 160, 3), 250, np.uint8)
    picture[:, :80] = 20 + round(20 * t_s)
    return picture


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = iemocap_folder(tmp_path_factory.mktemp("copy") / "iemocap")
    iemocap_film(folder, DIALOGUE, 9, grey)
    return folder


def rows_of(out: Path) -> dict[str, dict[str, str]]:
    with (out / "table.csv").open(newline="") as file:
        return {Path(row["file"]).stem: row for row in csv.DictReader(file)}


def seen(clip: Path) -> tuple[list[float], list[float]]:
    """Times in seconds and mean brightness of the pictures."""
    with av.open(str(clip)) as container:
        frames = list(container.decode(video=0))
    return [float(f.time or 0) for f in frames], [
        float(f.to_ndarray(format="gray").mean()) for f in frames
    ]


def test_a_clip_has_the_half_of_who_speaks_and_the_sound_of_the_utterance(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("iemocap", copy, "--out", tmp_path) == 0
    told = capsys.readouterr()
    assert told.err.splitlines()[-1] == "10/10 dialogues"
    assert "60 utterances, 6 with a picture" in told.out
    assert f"Next: cdat-train extract {tmp_path}/table.csv --out CORPUS" in told.out
    # Who wears the markers is on the left: F of Ses01F. Her third utterance is from 4.25 to 5 s.
    times, levels = seen(tmp_path / f"{DIALOGUE}_F004.mkv")
    assert times == pytest.approx([0.05 + k / 10 for k in range(7)], abs=0.002)
    assert levels == pytest.approx([20 + 20 * (4.3 + k / 10) for k in range(7)], abs=8)
    assert min(seen(tmp_path / f"{DIALOGUE}_M001.mkv")[1]) > 240
    rate, samples = wavfile.read(copy / f"Session1/sentences/wav/{DIALOGUE}/{DIALOGUE}_F004.wav")
    with av.open(str(tmp_path / f"{DIALOGUE}_F004.mkv")) as container:
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)]
        assert container.streams.audio[0].rate == rate
    assert np.array_equal(np.concatenate(heard, axis=1)[0], samples)


def test_the_table_has_labels_persons_the_test_session_and_words(
    copy: Path, tmp_path: Path
) -> None:
    assert call("iemocap", copy, "--out", tmp_path, "--session", 2) == 0
    rows = rows_of(tmp_path)
    assert rows[f"{DIALOGUE}_F002"] == {
        "file": f"{DIALOGUE}_F002.mkv",
        "label": "happy or excited",
        "person": "Ses01_F",
        "split": "",
        "transcript": "They said exc to 2.",
    }
    # Of a dialogue without a film the sound alone, where it lies.
    alone = rows["Ses02F_impro01_M003"]
    assert Path(alone["file"]).is_absolute() and alone["file"].endswith("_M003.wav")
    assert (alone["person"], alone["split"]) == ("Ses02_M", "test")
    given = read_source(tmp_path / "table.csv")
    assert len(given.files) == 60 and not given.left_out and given.task == "classes"


def test_a_number_and_the_clips_of_before(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("iemocap", copy, "--out", tmp_path) == 0
    clip = tmp_path / f"{DIALOGUE}_F000.mkv"
    before = clip.stat().st_mtime_ns
    assert call("iemocap", copy, "--out", tmp_path, "--target", "dominance") == 0
    assert clip.stat().st_mtime_ns == before
    assert "--out CORPUS --task regression" in capsys.readouterr().out
    # Every utterance has the number, also those without one of the four emotions.
    rows = rows_of(tmp_path)
    assert len(rows) == 80 and rows[f"{DIALOGUE}_M003"]["label"] == "4"
    assert (tmp_path / f"{DIALOGUE}_M005.mkv").is_file()  # frustrated


def test_what_cannot_be_read_is_told_and_does_not_stop_the_others(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = iemocap_folder(tmp_path / "iemocap")
    film = iemocap_film(folder, DIALOGUE, 9, grey)
    (film.parent / "Ses01F_script01_1.avi").write_bytes(b"no film")
    sounds = folder / f"Session1/sentences/wav/{DIALOGUE}"
    (sounds / f"{DIALOGUE}_F000.wav").write_bytes(b"no sound")
    (sounds / f"{DIALOGUE}_M001.wav").unlink()
    assert call("iemocap", folder, "--out", tmp_path / "clips") == 0
    told = capsys.readouterr().out
    assert "Ses01F_script01_1.avi cannot be read as sound or video" in told
    assert f"{DIALOGUE}_F000.wav cannot be read as sound" in told
    assert "Left out: 1 utterances: no file in sentences/wav" in told
    assert "59 utterances, 4 with a picture" in told
    assert not list((tmp_path / "clips").glob(".*"))


def test_misuse_is_one_sentence(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("iemocap", tmp_path, "--out", tmp_path.with_name("clips")) == 1
    assert "has no labels in Session1/dialog/EmoEvaluation" in capsys.readouterr().err
    assert call("iemocap", copy, "--out", copy / "clips") == 1
    assert "is inside" in capsys.readouterr().err
    mute = iemocap_folder(tmp_path / "mute", sound=False)
    assert call("iemocap", mute, "--out", tmp_path / "clips") == 1
    assert "has no sound in sentences/wav: copy it there." in capsys.readouterr().err


@pytest.mark.slow
def test_from_the_folder_to_a_bundle(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    from edge.bundle import Bundle
    from edge.demo.script import Script
    from export.bundle.build import build

    folder, clips, corpus, run = (tmp_path / name for name in ("iemocap", "clips", "corpus", "run"))
    iemocap_folder(folder, step_s=2)
    for number, film in enumerate(sorted(folder.glob("Session*/dialog/EmoEvaluation/*.txt"))):
        script = Script(100, number)

        def both(t_s: float, script: Script = script) -> NDArray[np.uint8]:
            face = cv2.resize(script.frame(round(25 * t_s)), (320, 240))
            return np.asarray(np.hstack([face, face]), np.uint8)

        iemocap_film(folder, film.stem, 16, both)
    assert call("iemocap", folder, "--out", clips) == 0
    source = ["extract", clips / "table.csv", "--out", corpus, "--views", 0, "--workers", 1]
    assert call(*source) == 0
    config = Path(__file__).resolve().parents[4] / "configs" / "train" / "own.yaml"
    short = [f"{key}.epochs=1" for key in ("fusion", "confidence", "transfer")]
    short += [f"{key}.samples=400" for key in ("fusion", "confidence", "transfer")]
    sets = [part for change in short for part in ("--set", change)]
    assert call("all", config, "--data", corpus, "--out", run, *sets) == 0
    bundle = Bundle.load(build(run, tmp_path / "bundle"))
    assert set(bundle.manifest.labels) == {"angry", "happy or excited", "sad", "neutral"}
    assert set(bundle.manifest.streams) == {"text", "audio", "vision"}
