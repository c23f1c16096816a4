"""Pickles are read as data: NumPy arrays, numbers, text and plain containers, nothing else.

Naming the allowed classes is not enough: `numpy.ndarray` called by a pickle with objects in a
buffer follows pointers that the file gives (measured: a segmentation fault). So nothing of NumPy is
called by the file. Its arrays, dtypes and numbers are stand-ins that only keep what the file says;
`_plain` then makes the arrays.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, first_line

PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
PLAIN_KINDS = "biufcSU"
"""Kinds of dtypes without pointers: bool, integers, floats, complex numbers, bytes, text."""
NUMPY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
CONTAINERS: dict[tuple[str, str], type] = {
    ("collections", "OrderedDict"): dict,
    # Python 2 and protocols below 3 write the old name of the module.
    **{
        (module, kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (set, frozenset, bytes, bytearray)
    },
}
PLAIN = (str, bytes, bytearray, int, float, complex, np.generic, np.ndarray, type(None))
BUFFER_MODULES = ("numpy.core.numeric", "numpy._core.numeric")


class _Forbidden(Exception):
    """The name of a class that a pickle of data does not need."""


class _Dtype:
    def __init__(self, code: str, *_flags: object) -> None:
        self.code, self.order = str(code), "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if any(field for field in state[2:5]):
            raise ValueError("arrays of records are not supported")
        self.order = str(state[1])

    def made(self) -> np.dtype[Any] | None:
        """The dtype; None for objects."""
        if self.code.startswith("O"):
            return None
        dtype = np.dtype(self.code).newbyteorder(self.order if self.order in "<>=" else "=")  # type: ignore[arg-type]
        if dtype.kind not in PLAIN_KINDS:
            raise ValueError(f"arrays of the type {dtype} are not supported")
        return dtype


class _Array:
    def __init__(self, *_start: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def made(self) -> NDArray[Any] | Any:
        _, shape, dtype, by_column, raw = self.state
        if not isinstance(dtype, _Dtype):
            raise ValueError("an array has no type")
        kind, order = dtype.made(), "F" if by_column else "C"
        if kind is not None:
            return np.frombuffer(_bytes(raw), kind).reshape(shape, order=order)  # type: ignore[call-overload]
        items = np.empty(len(list(raw)), object)
        items[:] = [_plain(item) for item in raw]
        return items.reshape(shape, order=order)  # type: ignore[call-overload]


class _Scalar:
    def __init__(self, dtype: _Dtype, raw: object = b"") -> None:
        self.dtype, self.raw = dtype, raw

    def made(self) -> Any:
        kind = self.dtype.made()
        return _plain(self.raw) if kind is None else np.frombuffer(_bytes(self.raw), kind)[0].item()


def _of_buffer(raw: object, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.state = (1, shape, dtype, order == "F", raw)
    return array


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"bytes are in the encoding {encoding}, not latin1")
    return text.encode("latin1")


class _DataUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A stand-in, or a plain container. Raises: _Forbidden, before anything is called."""
        if module in NUMPY_MODULES and name in ("_reconstruct", "scalar"):
            return _Array if name == "_reconstruct" else _Scalar
        # A pickle may set attributes of a function that it names: each gets its own.
        if module in BUFFER_MODULES and name == "_frombuffer":
            return lambda *given: _of_buffer(*given)
        if (module, name) == ("_codecs", "encode"):
            return lambda *given: _encode(*given)
        if module == "numpy" and name in ("ndarray", "dtype"):
            return object if name == "ndarray" else _Dtype
        if (container := CONTAINERS.get((module, name))) is not None:
            return container
        told = f"{module}.{name}"[:100]  # the file's own words, shown on a terminal
        raise _Forbidden("".join(c if c.isprintable() else "?" for c in told))


def read_pickle(path: Path) -> Any:
    """The data of a pickle, also of one that Python 2 wrote (text in latin-1).

    Returns:
        Dicts, lists, tuples, sets, text, bytes, numbers and NumPy arrays.

    Raises:
        DataError: The file is missing, damaged, or has an object of another class, which is named.
            Nothing of the file has been run.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: give the path of your copy with options.path.")
    try:
        with path.open("rb") as file:
            return _plain(_DataUnpickler(file, encoding="latin1").load())
    except _Forbidden as error:
        raise DataError(
            f"{path} contains an object of the class {error}, which is not data: it was not opened,"
            " because a pickle can run programs."
        ) from None
    except Exception as error:  # a damaged pickle raises errors of almost any type
        raise DataError(f"{path} cannot be read as a pickle ({first_line(error)}).") from None


def may_be_pickle(path: Path) -> bool:
    """Whether a file begins as a pickle of protocol 2 or later, or is named as one."""
    with path.open("rb") as file:
        start = file.read(2)
    return start in PROTOCOLS or path.suffix in (".pkl", ".pickle")


def _plain(tree: Any) -> Any:
    if isinstance(tree, (_Array, _Scalar)):
        return tree.made()
    if isinstance(tree, dict):
        return {_plain(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple, set, frozenset)):
        return type(tree)(_plain(item) for item in tree)
    if not isinstance(tree, PLAIN):
        raise ValueError("it contains a class instead of data")
    return tree


def _bytes(raw: object) -> bytes:
    if isinstance(raw, str):  # Python 2
        return raw.encode("latin1")
    if isinstance(raw, (bytes, bytearray, memoryview, pickle.PickleBuffer)):
        return bytes(raw)
    raise ValueError("the values of an array are not bytes")
