"""Pickles are read as data, and nothing of them is run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import pickled

from edge.errors import DataError
from train.corpora.copies.unpickle import read_pickle

TREE: dict[str, Any] = {
    "rows": np.arange(6.0).reshape(2, 3),
    "by column": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">i4"),
    "text": np.array(["ab", "c"]),
    "bytes": np.array([b"ab", b"c"]),
    "objects": np.array([["a", None], [3, np.float32(2)]], object),
    "empty": np.zeros((0, 3)),
    "number": np.float32(0.5),
    "plain": (1, [2.5, "word", b"\x00\xff"], {3, 4}, None, True),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_numbers_and_containers_are_read_as_pickle_reads_them(
    tmp_path: Path, protocol: int
) -> None:
    read = read_pickle(pickled(tmp_path / "data.pkl", TREE, protocol))
    assert list(read) == list(TREE) and read["plain"] == TREE["plain"]
    for name, array in TREE.items():
        if isinstance(array, np.ndarray):
            assert read[name].dtype == array.dtype and read[name].shape == array.shape
            assert read[name].tolist() == array.tolist()
    assert read["number"] == 0.5


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    """Its text and the values of its arrays are byte strings."""
    path = tmp_path / "old.pkl"
    values = np.array([1.5, -2]).tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\n"
        b"dtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nU" + bytes([len(values)])
    )
    path.write_bytes(b"\x80\x02}U\x04caf\xe9" + array + values + b"tbs.")
    read = read_pickle(path)
    assert list(read) == ["café"] and read["café"].tolist() == [1.5, -2]


class _Call:
    """Pickled as a call of `function`."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self.call


def test_a_pickle_that_would_write_a_file_is_refused_and_does_not(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = pickled(tmp_path / "data.pkl", {"train": _Call(Path.write_text, trace, "run")})
    with pytest.raises(DataError) as error:
        read_pickle(path)
    assert "not opened" in str(error.value) and "\n" not in str(error.value)
    assert not trace.exists()
    pickle.loads(path.read_bytes())
    assert trace.exists()  # so the file is dangerous where it is opened as a pickle


@pytest.mark.parametrize("function", [eval, getattr, print, np.load, np.fromfile, Path])
def test_the_forbidden_class_is_named(tmp_path: Path, function: Any) -> None:
    path = pickled(tmp_path / "data.pkl", [_Call(function, "x")])
    with pytest.raises(DataError, match=rf"of the class \S*{function.__name__}, which is not data"):
        read_pickle(path)


def test_a_name_with_line_breaks_and_escapes_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.pkl"
    path.write_bytes(b"\x80\x04\x8c\x02os\x8c\x08sys\nt\x1b[m\x93.")
    with pytest.raises(DataError, match=r"of the class os\.sys\?t\?\[m, which is not data"):
        read_pickle(path)


@pytest.mark.parametrize(
    "tree",
    [
        # NumPy itself follows the eight bytes as a pointer.
        _Call(np.ndarray, (1,), np.dtype("O"), b"12345678"),
        {"class": np.ndarray},
        {"type": np.dtype("f4")},
        np.zeros(2, [("a", "f4")]),
        np.array(["2020-01-01"], "M8[D]"),
    ],
)
def test_what_numpy_would_do_for_the_file_is_refused(tmp_path: Path, tree: object) -> None:
    with pytest.raises(DataError, match=r"cannot be read as a pickle \(.*\)\.$"):
        read_pickle(pickled(tmp_path / "data.pkl", tree))


@pytest.mark.parametrize("kept", [0, 1, 40, 120])
def test_a_truncated_pickle_is_one_sentence(tmp_path: Path, kept: int) -> None:
    path = pickled(tmp_path / "data.pkl", TREE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="cannot be read as a pickle"):
        read_pickle(path)
