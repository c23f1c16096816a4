"""Folders of labels and tables: which samples they give, and what is refused or left out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pysubs2")

from edge.errors import DataError
from train.corpora.recorded.table import read_source


def _folder(root: Path) -> Path:
    for name in ("happy/ann_1.mp4", "happy/bob_1.wav", "sad/ann_2.mp4", "sad/deep/bob_2.mp4"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "readme.txt").touch()
    (root / "happy" / ".hidden").touch()
    return root


def _table(root: Path, text: str, name: str = "table.csv") -> Path:
    for file in ("a.mp4", "b.mp4"):
        (root / file).touch()
    (root / name).write_text(text)
    return root / name


def test_a_subfolder_is_a_label_and_every_file_a_person(tmp_path: Path) -> None:
    table = read_source(_folder(tmp_path))
    assert table.task == "classes" and not table.left_out
    found = {file.shown: (file.spans[0].label, file.spans[0].person) for file in table.files}
    assert found == {
        "happy/ann_1.mp4": ("happy", "happy/ann_1.mp4"),
        "happy/bob_1.wav": ("happy", "happy/bob_1.wav"),
        "sad/ann_2.mp4": ("sad", "sad/ann_2.mp4"),
        "sad/deep/bob_2.mp4": ("sad", "sad/deep/bob_2.mp4"),
    }


def test_the_person_may_be_a_part_of_the_path(tmp_path: Path) -> None:
    files = read_source(_folder(tmp_path), person_from=r"([a-z]+)_\d").files
    assert [file.spans[0].person for file in files] == ["ann", "bob", "ann", "bob"]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("(", "is not a regular expression"),
        ("[a-z]+", "has 0 groups: give it one group"),
        (r"(ann)_", "finds no person in happy/bob_1.wav"),
    ],
)
def test_a_pattern_that_does_not_fit_is_refused(
    tmp_path: Path, pattern: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        read_source(_folder(tmp_path), person_from=pattern)


@pytest.mark.parametrize("name", ["table.csv", "table.tsv"])
def test_a_table_cuts_several_samples_out_of_one_file(tmp_path: Path, name: str) -> None:
    text = (
        "file,start,end,label,person,transcript\n"
        "a.mp4,0,1.5,joy,ann,well done\n"
        "./a.mp4,1.5,,fear,ann,\n"
        "b.mp4,,,joy,bob,good\n"
        "b.mp4,1,2,fear,bob,oh\n"
        "gone.mp4,,,joy,cid,\n"
    )
    table = read_source(_table(tmp_path, text.replace(",", "\t" if "tsv" in name else ","), name))
    a, b = table.files
    assert [(span.start_s, span.end_s, span.label) for span in a.spans] == [
        (0.0, 1.5, "joy"),
        (1.5, None, "fear"),
    ]
    assert {span.person for span in a.spans} == {"ann"}
    assert a.needs_asr and not b.needs_asr
    assert table.left_out == (("gone.mp4", "it does not exist"),)


def test_only_the_column_file_is_needed(tmp_path: Path) -> None:
    (file,) = read_source(_table(tmp_path, "file\na.mp4\n")).files
    assert file.spans[0].label is None and file.spans[0].person == "a.mp4"


def test_two_spellings_of_a_path_are_one_file_and_one_person(tmp_path: Path) -> None:
    (file,) = read_source(_table(tmp_path, "file,start\na.mp4,0\n./a.mp4,1\n")).files
    assert [span.person for span in file.spans] == ["a.mp4", "a.mp4"]


def test_what_is_no_file_with_a_name_is_left_out(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "sad" / os.fsdecode(b"caf\xe9.mp4")).touch()
    os.mkfifo(folder / "fifo.mp4")
    table = read_source(folder)
    assert table.left_out == (("sad/caf?.mp4", "its name is not UTF-8 text"),)
    assert len(table.files) == 4
    table = read_source(_table(tmp_path, "file\nfifo.mp4\na.mp4\nsad\n"))
    reason = "it is not a regular file"
    assert table.left_out == (("fifo.mp4", reason), ("sad", reason))


def test_several_labels_make_a_task_of_labels(tmp_path: Path) -> None:
    text = "file,label\na.mp4,joy|fear\nb.mp4,joy | fear\n"
    assert read_source(_table(tmp_path, text)).task == "labels"


MANY = "".join(f"a.mp4,label {n}\n" * 2 for n in range(33))


@pytest.mark.parametrize(
    ("rows", "task", "sentence"),
    [
        ("a.mp4,1.5\nb.mp4,joy\n", None, "'joy' is a name and '1.5' is a number"),
        ("a.mp4,1.5\nb.mp4,joy\n", "regression", "'joy' is not a finite number"),
        ("a.mp4,1.5\nb.mp4,inf\n", "regression", "'inf' is not a finite number"),
        ("a.mp4,1.5\nb.mp4,nan\n", "regression", "'nan' is not a finite number"),
        ("a.mp4,joy|fear\nb.mp4,joy\n", None, "the label 'fear' is used once"),
        ("a.mp4,joy||fear\nb.mp4,joy\n", None, "has an empty label or one twice"),
        ("a.mp4,joy|joy\nb.mp4,joy\n", None, "has an empty label or one twice"),
        (MANY, None, "has 33 labels, and 32 are possible"),
    ],
)
def test_labels_that_make_no_task_are_refused(
    tmp_path: Path, rows: str, task: Any, sentence: str
) -> None:
    with pytest.raises(DataError, match=re.escape(sentence)):
        read_source(_table(tmp_path, f"file,label\n{rows}"), task)


def test_subtitles_beside_a_file_give_its_words(tmp_path: Path) -> None:
    source = _table(tmp_path, "file\na.mp4\nb.mp4\n")
    (tmp_path / "a.srt").write_text(
        "2\n00:00:02,000 --> 00:00:03,000\nfriend\n\n"
        "1\n00:00:00,500 --> 00:00:01,500\n<i>hello</i> my\n"
    )
    (tmp_path / "b.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nsalt &amp; pepper\n")
    a, b = read_source(source).files
    assert a.words is not None and b.words is not None and not a.needs_asr
    assert [(word.text, word.start_ns // 10**6, word.end_ns // 10**6) for word in a.words] == [
        ("hello", 500, 1000),
        ("my", 1000, 1500),
        ("friend", 2000, 3000),
    ]
    assert [word.text for word in b.words] == ["salt", "&", "pepper"]


@pytest.mark.parametrize("content", [b"", b"no captions", b"\xff\xfe\x00"])
def test_subtitles_without_captions_are_refused(tmp_path: Path, content: bytes) -> None:
    source = _table(tmp_path, "file\na.mp4\n")
    (tmp_path / "a.srt").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.srt .*remove it\."):
        read_source(source)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no column 'file'"),
        ("file\n", "has no samples"),
        ("file,lable\na.mp4,joy\n", "has a column 'lable', which is not one of file, start"),
        ("file,start\na.mp4,soon\n", "line 2: start: 'soon' is not a number"),
        ("file,start\na.mp4,inf\n", "line 2: start: 'inf' is not a number"),
        ("file,start,end\na.mp4,3,2\n", r"sample 1 \(a.mp4\): it ends at 2 s but starts at 3 s"),
        ("file,label\na.mp4,joy\nb.mp4,fear\n", "the label 'fear' is used once"),
        ("file,person,split\na.mp4,ann,train\nb.mp4,ann,test\n", "'ann' is in 'train' and 'test'"),
        ("file,label\n,joy\n", "line 2: file is empty"),
        ('file,label\n"a.mp4,joy\n', "cannot be read as a table"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_source(_table(tmp_path, text))


def test_numbers_are_labels_of_a_regression_only_if_it_is_chosen(tmp_path: Path) -> None:
    source = _table(tmp_path, "file,label\na.mp4,0.25\nb.mp4,-1\n")
    assert read_source(source, "regression").task == "regression"
    with pytest.raises(DataError, match="for numbers, choose the task regression"):
        read_source(source)


def test_a_source_that_is_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no files in subfolders"):
        read_source(tmp_path)
    with pytest.raises(DataError, match="is not a folder, and not a table"):
        read_source(tmp_path / "missing.xlsx")
    with pytest.raises(DataError, match=r"missing\.csv cannot be read: No such file"):
        read_source(tmp_path / "missing.csv")


def test_a_file_under_two_names_is_one_person(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    text = "file,label,split\na.mp4,x,train\nsub/../a.mp4,y,test\nb.mp4,x,train\nb.mp4,y,train\n"
    with pytest.raises(DataError, match=r"the person 'a\.mp4' is in 'train' and 'test'"):
        read_source(_table(tmp_path, text))
