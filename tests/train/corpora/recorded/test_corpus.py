"""The format of a recorded corpus: what the reader gives, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from edge.errors import DataError
from edge.frontends import FrontEndParams
from edge.types import NS_PER_S
from train.corpora.recorded.corpus import open_recorded
from train.corpora.recorded.views import View, write_views

HEADER = "id,recording,start_s,end_s,label,person,split,transcript\n"
ROWS = (
    "1,a,0,2,happy,ann,train,so very good\n"
    "2,a,2,4,sad,ann,train,\n"
    "3,b,,,happy,bob,test,\n"
    "4,b,1,,sad,bob,test,\n"
    "5,b,1,3,,bob,test,\n"
)


def _corpus(
    folder: Path,
    rows: str = ROWS,
    recordings: tuple[str, ...] = ("a", "b"),
    changes: dict[str, object] | None = None,
) -> Path:
    for name in recordings:
        (folder / "recordings" / name).mkdir(parents=True)
    header = {
        "schema_version": 1,
        "name": "mine",
        "task": "classes",
        "labels": ["happy", "sad"],
        "frontend_digest": FrontEndParams().digest(),
        "asr": "none",
        "seed": 0,
    }
    (folder / "corpus.json").write_text(json.dumps(header | (changes or {})))
    (folder / "samples.csv").write_text(HEADER + rows)
    return folder


def test_the_samples_are_read_with_their_defaults(tmp_path: Path) -> None:
    corpus = open_recorded(_corpus(tmp_path))
    assert (corpus.name, corpus.task, corpus.labels) == ("mine", "classes", ("happy", "sad"))
    whole, rest, unlabelled = corpus.samples[2:]
    assert (whole.start_s, whole.end_s, rest.start_s, unlabelled.label) == (0.0, None, 1.0, None)
    assert {sample.split for sample in corpus.samples} == {"train", "test"}
    assert corpus.path(corpus.views["a"][0]) == tmp_path / "recordings" / "a"


def test_words_of_a_transcript_are_spread_over_the_span_of_the_sample(tmp_path: Path) -> None:
    rows = ROWS.replace("2,a,2,4,sad,ann,train,", "2,a,2,4,sad,ann,train,oh no")
    first, second = open_recorded(_corpus(tmp_path, rows)).samples[:2]
    assert first.words is not None and second.words is not None
    assert [word.text for word in first.words] == ["so", "very", "good"]
    assert first.words[0].start_ns == 0 and first.words[-1].end_ns == 2 * NS_PER_S
    times = [(word.start_ns / NS_PER_S, word.end_ns / NS_PER_S) for word in second.words]
    assert times == [(2.0, 3.0), (3.0, 4.0)]
    assert {word.confidence for word in first.words} == {1.0}


def test_words_with_times_of_their_own_belong_to_the_sample_that_contains_them(
    tmp_path: Path,
) -> None:
    folder = _corpus(tmp_path)
    (folder / "words.csv").write_text(
        "recording,start_s,end_s,word\nb,0.5,0.8,early\nb,1.5,2,inside\nb,2.9,3.1,across\n"
    )
    words = {
        s.id: s.words and [word.text for word in s.words] for s in open_recorded(folder).samples
    }
    assert words["2"] is None
    assert words["3"] == ["early", "inside", "across"]
    assert words["4"] == ["inside", "across"]
    assert words["5"] == ["inside"]


def test_views_are_read_as_they_were_written(tmp_path: Path) -> None:
    folder = _corpus(tmp_path, recordings=("a", "a.1", "a.2", "b"))
    both = {"vision": ("dark", 0.7), "audio": ("hum", 0.4)}
    written = [View("a"), View("a", 1, both), View("a", 2), View("b")]
    write_views(folder / "views.json", written)
    corpus = open_recorded(folder)
    assert corpus.views == {"a": tuple(written[:3]), "b": (written[3],)}
    assert corpus.path(corpus.views["a"][1]).name == "a.1"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "has no samples"),
        (ROWS + "1,a,0,1,sad,ann,train,\n", "the id '1' occurs twice"),
        (ROWS + "6,a,-1,1,sad,ann,train,\n", "6: the start is -1 s"),
        (ROWS + "6,a,2,1,sad,ann,train,\n", "6: it ends at 1 s but starts at 2 s"),
        (ROWS + "6,a,0,nan,sad,ann,train,\n", "line 7: end_s: 'nan' is not a number"),
        (ROWS + "6,a,0,1,angry,ann,train,\n", "'angry' is not one of happy, sad"),
        (ROWS + "6,a,0,1,sad,ann,test,\n", "'ann' is in 'train' and 'test'"),
        (ROWS + "6,a,0,1,sad,ann,,\n", "'ann' is in 'train' and no split"),
        (ROWS + "6,a,0,1,sad,cid,dev,\n", "the split 'dev' is not one of train"),
        (ROWS + "6,a,0,1,sad,,,\n", "line 7: person is empty"),
        (ROWS + "6,a,0,,sad,ann,train,oh\n", "line 7: a sample with a transcript needs end_s"),
        (ROWS + "6,c,0,1,sad,ann,train,\n", "recordings/c is missing: run cdat-train extract"),
        (ROWS + "6,../a,0,1,sad,ann,train,\n", "the recording '../a' is not a name"),
        (ROWS + "6,a\n", "line 7: it does not have 8 fields"),
        (ROWS.replace("4,b,1,,sad", "4,b,1,,happy"), "the label 'sad' is used once"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused(tmp_path: Path, rows: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        open_recorded(_corpus(tmp_path, rows))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema_version": 2}, "schema_version 2, but this release reads 1: extract it again"),
        ({"frontend_digest": "0" * 64}, "extracted with another front end"),
        ({"task": "ranking"}, "corpus.json: task: "),
        ({"task": "regression"}, "the label 'happy' is not a finite number"),
        ({"extra": 1}, "extra: "),
    ],
)
def test_another_header_is_refused(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        open_recorded(_corpus(tmp_path, changes=changes))


@pytest.mark.parametrize("name", ["corpus.json", "samples.csv"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (_corpus(tmp_path) / name).unlink()
    with pytest.raises(DataError, match=f"{name} cannot be read: No such file"):
        open_recorded(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": [{"view": 1, "vision": {"fault": "fog", "severity": 1}, "audio": null}]}', "'fog'"),
        ('{"a": [{"view": 0, "vision": null, "audio": null}]}', "a.0.view"),
        ("[", "views.json: the document"),
        ('{"a": [{"view": 3, "vision": null, "audio": null}]}', "a.3 is missing"),
    ],
)
def test_wrong_views_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    (_corpus(tmp_path) / "views.json").write_text(text)
    with pytest.raises(DataError, match=sentence):
        open_recorded(tmp_path)
