"""Tables of numbers over time: ARFF and CSV."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import arff

from edge.errors import DataError, first_line

ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.IGNORECASE)


def read_table(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the columns, and the values (rows, columns); a column of text is NaN.

    Raises:
        DataError: The file is missing, empty or not of its format.
    """
    try:
        text = path.read_text("utf-8")
        names, values = _arff(text) if path.suffix == ".arff" else _csv(text)
    except FileNotFoundError:
        raise DataError(f"{path} is missing.") from None
    except (OSError, ValueError, IndexError, StopIteration, NotImplementedError) as error:
        kind = path.suffix.removeprefix(".").upper()
        raise DataError(f"{path} cannot be read as {kind} ({first_line(error)}).") from None
    except arff.ArffError as error:
        raise DataError(f"{path} cannot be read as ARFF ({first_line(error)}).") from None
    if not len(values):
        raise DataError(f"{path} has no rows.")
    return names, values


def _arff(text: str) -> tuple[list[str], NDArray[np.float64]]:
    """scipy reads no attributes of text, which are of no use here: they become missing numbers. It
    also ignores what a row has too many."""
    head, mark, body = re.split(r"(?im)^(\s*@data\s*)$", text, maxsplit=1)
    kinds = [match.groups() for match in map(ATTRIBUTE.match, head.splitlines()) if match]
    words = [place for place, (_, kind) in enumerate(kinds) if kind.lstrip()[:1] in ("s", "S", "{")]
    head = re.sub(r"(?im)^(\s*@attribute\s.*\s)string\s*$", r"\1numeric", head)
    lines = (line for line in body.splitlines() if line.strip() and line[0] != "%")
    rows = list(csv.reader(lines, quotechar="'", skipinitialspace=True))
    for number, row in enumerate(rows):
        if len(row) != len(kinds):
            raise ValueError(f"data row {number} has {len(row)} values, not {len(kinds)}")
        for place in words:
            row[place] = "?"
    body = "\n".join(",".join(row) for row in rows)
    data, meta = arff.loadarff(io.StringIO(f"{head}{mark.strip()}\n{body.strip()}\n"))
    numbers = [
        data[name] if kind == "numeric" else np.full(len(data), np.nan)
        for name, kind in zip(meta.names(), meta.types(), strict=True)
    ]
    return list(meta.names()), np.array(numbers, np.float64).T


def _csv(text: str) -> tuple[list[str], NDArray[np.float64]]:
    lines = text.splitlines()
    separator = ";" if lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.reader(lines, delimiter=separator)
    names = [name.strip() for name in next(rows)]
    values = []
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"data row {number} has {len(row)} values, not {len(names)}")
        values.append([_number(value, column > 0) for column, value in enumerate(row)])
    return names, np.array(values, np.float64).reshape(-1, len(names))


def _number(value: str, strict: bool) -> float:
    """The first column may be a name."""
    try:
        return float(value)
    except ValueError:
        if strict:
            raise
        return float("nan")
