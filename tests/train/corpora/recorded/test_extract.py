"""Extraction: the user's files become recordings of the live runtime, and a corpus of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn")
pytest.importorskip("pysubs2")

from fixtures.media import write_clip

from edge.config import load_config
from edge.errors import AsrError, DataError, SinkError
from edge.faults import FAULTS
from edge.recording.events import Observed, Read
from edge.recording.log import read_log
from edge.runtime.run import Run
from edge.types import NS_PER_S
from train.corpora.recorded.corpus import RecordedCorpus, open_recorded
from train.corpora.recorded.extract import engine_of, extract, remove_unfinished
from train.corpora.recorded.record import Job, record_file, record_view, views_of
from train.corpora.recorded.table import read_source
from train.corpora.recorded.views import View


def _items(recording: Path) -> list[tuple[object, ...]]:
    """Everything that training may read of a recording, in order."""
    items: list[tuple[object, ...]] = []
    for event, array in read_log(recording):
        if isinstance(event, Observed):
            data = None if array is None else array.tobytes()
            items.append((event.stream, event.t_ns, event.quality, str(event.detail), data))
        elif isinstance(event, Read):
            items.append(("words", event.heard_ns, event.utterances))
    return items


def _signals(recording: Path, stream: str) -> NDArray[np.float64]:
    events = (event for event, _ in read_log(recording))
    return np.array([e.quality for e in events if isinstance(e, Observed) and e.stream == stream])


def _clean(corpus: RecordedCorpus, recording: str) -> Path:
    return corpus.path(corpus.views[recording][0])


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files by label: four that are used, and three that cannot be."""
    root = tmp_path_factory.mktemp("media")
    for label in ("happy", "sad"):
        (root / label).mkdir()
    write_clip(root / "happy" / "ann_1.mp4", 0.8)
    write_clip(root / "happy" / "bob_1.wav", 0.8, fps=None, codecs=("mpeg4", "pcm_s16le"))
    write_clip(root / "sad" / "ann_2.mp4", 0.8)
    write_clip(root / "sad" / "bob_2.mp4", 0.8)
    write_clip(root / "sad" / "mute.mp4", 0.4, sound=None)
    write_clip(root / "sad" / "zeros.mp4", 0.4, sound=np.zeros_like)
    (root / "sad" / "notes.txt").write_text("not a media file")
    return root


def test_a_folder_of_labels_becomes_a_corpus(media: Path, tmp_path: Path) -> None:
    outcomes: dict[str, str | None] = {}

    def progress(shown: str, recorded: object) -> None:
        outcomes[shown] = getattr(recorded, "reason", None)

    table = read_source(media, person_from="(ann|bob|mute|zeros|notes)")
    summary = extract(table, tmp_path / "corpus", 2, asr="none", progress=progress)
    corpus = open_recorded(tmp_path / "corpus")
    assert (corpus.name, corpus.labels) == ("corpus", ("happy", "sad"))
    assert sorted((s.label, s.person) for s in corpus.samples) == [
        ("happy", "ann"),
        ("happy", "bob"),
        ("sad", "ann"),
        ("sad", "bob"),
    ]
    assert (summary.files, summary.samples, summary.persons, summary.resumed) == (4, 4, 2, 0)
    assert summary.labels == {"happy": {"(uncut)": 2}, "sad": {"(uncut)": 2}}
    assert summary.samples_by_person == {"ann": 2, "bob": 2}
    assert summary.no_face == 4 and summary.no_sound == 0  # pictures of stripes, and tones
    assert summary.minutes == pytest.approx(4 * 0.8 / 60, abs=0.01) and summary.megabytes > 0
    assert sorted(name for name, reason in outcomes.items() if reason) == [
        "sad/mute.mp4",
        "sad/notes.txt",
        "sad/zeros.mp4",
    ]
    told = (tmp_path / "corpus" / "left_out.csv").read_text()
    assert "sad/mute.mp4,no face was found and no sound was heard\n" in told
    assert 'sad/notes.txt,"it cannot be read as sound or video' in told
    assert len(list((tmp_path / "corpus" / "recordings").iterdir())) == 4
    assert (tmp_path / "corpus" / "recordings").stat().st_mode & 0o077 == 0


def test_a_table_cuts_two_samples_out_of_one_recording(media: Path, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(
        "file,start,end,label,person,split,transcript\n"
        f"{media}/sad/ann_2.mp4,0,0.4,sad,ann,train,oh no\n"
        f"{media}/sad/ann_2.mp4,0.4,,happy,ann,train,well then good\n"
        f"{media}/sad/bob_2.mp4,,,happy,bob,test,fine\n"
        f"{media}/happy/ann_1.mp4,,,sad,cid,val,\n"
        f"{media}/happy/ann_1.mp4,0.5,3,sad,cid,val,\n"
    )
    summary = extract(read_source(tmp_path / "table.csv"), tmp_path / "out", 1)
    corpus = open_recorded(tmp_path / "out")
    first, second, third, fourth = corpus.samples
    assert first.recording == second.recording and len(corpus.views) == 3
    assert summary.left_out == {"a sample of it lies beyond its end": 1}
    assert "ann_1.mp4 [0.5-3 s]" in (tmp_path / "out" / "left_out.csv").read_text()
    assert second.words is not None and fourth.words is None
    assert [word.text for word in second.words] == ["well", "then", "good"]
    assert second.words[0].start_ns == round(0.4 * NS_PER_S)
    assert second.words[-1].end_ns == pytest.approx(0.8 * NS_PER_S, abs=0.1 * NS_PER_S)
    # Speech-to-text runs where the table has no words, and only there.
    assert not any(item[0] == "words" for item in _items(_clean(corpus, third.recording)))
    assert any(item[0] == "words" for item in _items(_clean(corpus, fourth.recording)))


def _job(clip: Path, folder: Path, views: int = 0, asr: str = "none", seed: int = 0) -> Job:
    folder.mkdir(exist_ok=True)
    return Job(
        file=str(clip), recordings=str(folder), name=clip.stem, asr=asr, views=views, seed=seed
    )


@pytest.fixture(scope="module")
def talking(data_dir: Path) -> Path:
    """A face that speaks for three seconds."""
    clip = data_dir / "av_clips" / "grid_bbaf2n.mpg"
    if not clip.is_file():
        pytest.skip(f"no real data: {clip} is missing")
    return clip


@pytest.mark.slow
def test_a_recording_is_item_for_item_what_a_run_records(talking: Path, tmp_path: Path) -> None:
    live = {"source.file": str(talking), "record.folder": str(tmp_path / "live")}
    with Run(load_config(None, ["asr.engine=pocketsphinx"], live)) as run:
        assert len(list(run)) == 12
    assert record_file(_job(talking, tmp_path, asr="pocketsphinx")).facts is not None
    ours, theirs = _items(tmp_path / talking.stem), _items(tmp_path / "live")
    assert [sum(item[0] == kind for item in ours) for kind in ("vision", "audio")] == [38, 29]
    assert any(item[0] == "words" and item[2] for item in ours)
    assert ours == theirs


@pytest.mark.slow
def test_the_two_commands_record_the_same(talking: Path, tmp_path: Path) -> None:
    setting = ("--set", "asr.engine=pocketsphinx")
    run = ("edge", "run", "--file", str(talking), "--record", str(tmp_path / "live"), *setting)
    (tmp_path / "table.csv").write_text(f"file\n{talking}\n")
    made = ("train", "extract", str(tmp_path / "table.csv"), "--out", str(tmp_path / "out"))
    for command in (run, (*made, "--asr", "pocketsphinx")):
        subprocess.run([sys.executable, "-m", *command], capture_output=True, check=True)
    corpus = open_recorded(tmp_path / "out")
    assert _items(_clean(corpus, corpus.samples[0].recording)) == _items(tmp_path / "live")


def test_faults_change_the_signals_and_nothing_of_the_times(talking: Path, tmp_path: Path) -> None:
    job = _job(talking, tmp_path)
    faults = {"vision": ("dark", 0.4), "audio": ("noise", 1.0)}
    record_view(job, View(job.name))
    record_view(job, View(job.name, 1, faults))
    clean, faulted = tmp_path / job.name, tmp_path / f"{job.name}.1"
    times = [[item[:2] for item in _items(folder)] for folder in (clean, faulted)]
    assert times[0] == times[1] and len(times[0]) == 38 + 29
    brightness, floor_dbfs = 1, 1
    before, after = _signals(clean, "vision"), _signals(faulted, "vision")
    assert before[:, brightness].mean() > 0.4 and after[:, brightness].mean() < 0.2
    before, after = _signals(clean, "audio"), _signals(faulted, "audio")
    assert np.median(after[:, floor_dbfs]) > np.median(before[:, floor_dbfs]) + 10


def test_views_are_drawn_by_the_seed(media: Path, tmp_path: Path) -> None:
    clips = media / "sad" / "ann_2.mp4", media / "happy" / "bob_1.wav"
    drawn = []
    for clip, streams in zip(clips, ({"audio", "vision"}, {"audio"}), strict=True):
        facts = [record_file(_job(clip, tmp_path / out, views=1)).facts for out in ("one", "two")]
        assert facts[0] is not None and facts[0] == facts[1]
        assert set(facts[0].streams) == streams
        clean, *views = views_of(_job(clip, tmp_path, views=50), facts[0])
        assert not clean.faults and [view.number for view in views] == list(range(1, 51))
        for view in views:
            assert view.faults and view.faults.keys() <= streams
            assert all(0.3 <= severity <= 1 for _, severity in view.faults.values())
        both = [_items(tmp_path / out / f"{clip.stem}.1") for out in ("one", "two")]
        assert both[0] == both[1] != _items(tmp_path / "one" / clip.stem)
        other = views_of(_job(clip, tmp_path, views=50, seed=1), facts[0])
        assert [view.faults for view in views] != [view.faults for view in other[1:]]
        drawn += [view.faults for view in views]
    names = {fault for faults in drawn for fault, _ in faults.values()}
    assert names == FAULTS["vision"].keys() | FAULTS["audio"].keys()


def test_the_undamaged_part_of_a_truncated_file_is_kept(media: Path, tmp_path: Path) -> None:
    whole = (media / "happy" / "bob_1.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) * 3 // 4])
    facts = record_file(_job(tmp_path / "cut.wav", tmp_path)).facts
    assert facts is not None and facts.truncated and facts.sound
    assert facts.duration_s == pytest.approx(0.6, abs=0.05)


@pytest.mark.slow
def test_a_second_call_makes_what_is_new_and_keeps_the_rest(media: Path, tmp_path: Path) -> None:
    shutil.copytree(media / "sad", tmp_path / "media" / "sad")
    table = read_source(tmp_path / "media")
    extract(table, tmp_path / "out", 2, asr="none")
    recordings = tmp_path / "out" / "recordings"
    before = {path: path.stat().st_ino for path in recordings.iterdir()}
    added = extract(table, tmp_path / "out", 2, views=1, asr="none")
    assert (added.views, added.unused) == (2, 0) and len(before) == 2
    after = {path: path.stat().st_ino for path in recordings.iterdir()}
    assert before.items() <= after.items() and len(after) == 4
    write_clip(tmp_path / "media" / "sad" / "bob_2.mp4", 0.4)
    changed = extract(table, tmp_path / "out", 2, views=1, asr="none")
    assert (changed.files, changed.resumed, changed.unused) == (2, 1, 2)
    assert changed.minutes < added.minutes


def test_vosk_without_a_model_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AsrError, match=r"no English model in .*models or .*--asr pocketsphinx"):
        engine_of("vosk")
    assert engine_of("auto") == "pocketsphinx"
    (tmp_path / "models" / "vosk-model-small-en-us").mkdir(parents=True)
    assert engine_of("auto") == engine_of("vosk") == "vosk"


def test_no_usable_file_is_one_sentence(media: Path, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(f"file\n{media}/sad/notes.txt\n{media}/gone.mp4\n")
    with pytest.raises(
        DataError, match=r"No file can be used; of 2, the first is .*gone.mp4: it does not"
    ):
        extract(read_source(tmp_path / "table.csv"), tmp_path / "out", 1)


def test_a_class_of_which_one_file_is_left_is_one_sentence(media: Path, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(
        f"file,label\n{media}/sad/notes.txt,odd\n{media}/sad/ann_2.mp4,odd\n"
    )
    with pytest.raises(DataError, match="the label 'odd' is used once"):
        extract(read_source(tmp_path / "table.csv"), tmp_path / "out", 1, asr="none")


def test_a_folder_that_cannot_be_used_is_one_sentence(media: Path, tmp_path: Path) -> None:
    table = read_source(media)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(DataError, match="mine is not empty and is not a corpus"):
        extract(table, tmp_path / "mine", 1)
    with pytest.raises(SinkError, match=r"thesis\.txt/corpus cannot be written: Not a directory"):
        extract(table, tmp_path / "mine" / "thesis.txt" / "corpus", 1)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_only_unfinished_recordings_are_removed(tmp_path: Path) -> None:
    for name in (".git", ".clip-0a1b2c3d", ".clip-0a1b2c3d.1", ".Trash-1000", "clip-0a1b2c3d"):
        (tmp_path / name).mkdir()
    remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".git", ".Trash-1000", "clip-0a1b2c3d"}
