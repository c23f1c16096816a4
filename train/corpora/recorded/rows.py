"""Tables as CSV or TSV with a header: read by column name, with line numbers for messages."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge.errors import DataError


def read_rows(
    path: Path, columns: Iterable[str], required: Iterable[str] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) with every column of `columns`; "" where it is missing or empty.

    Args:
        path: UTF-8, separated by commas, or by tabs if it is named .tsv.
        columns: The known columns. Any other is an error: a typo must not become an empty column.
        required: Columns that must be there. None: all.

    Raises:
        DataError: The file cannot be read, or its header or a row does not fit.
    """
    known = tuple(columns)
    needed = known if required is None else tuple(required)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            header = reader.fieldnames or []
            if missing := [name for name in needed if name not in header]:
                raise DataError(f"{path} has no column '{missing[0]}': its first line names them.")
            if unknown := [name for name in header if name not in known]:
                raise DataError(
                    f"{path} has a column '{unknown[0]}', which is not one of {', '.join(known)}."
                )
            for row in reader:
                if None in row or None in row.values():
                    raise DataError(
                        f"{path}, line {reader.line_num}: it does not have {len(header)} fields"
                        " like the first line."
                    )
                yield reader.line_num, {name: (row.get(name) or "").strip() for name in known}
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def number(text: str, where: str) -> float:
    """A finite number. Raises: DataError, which begins with `where`."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}: '{text}' is not a number.")
    return value
