"""The folder of the corpora: `--data`, else CDAT_DATA, else ../shared/data beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq

from edge.errors import DataError


def data_folder(given: Path | None = None) -> Path:
    """The folder that holds the corpora.

    Raises:
        DataError: The folder does not exist.
    """
    named = os.environ.get("CDAT_DATA")
    folder = given or (Path(named) if named else Path("../shared/data"))
    if not folder.is_dir():
        raise DataError(
            f"The data folder {folder} does not exist: set CDAT_DATA, or give --data, to a folder "
            "with fer/, ravdess_audio/ and text/."
        )
    return folder


def read_columns(path: Path, columns: list[str]) -> dict[str, list[object]]:
    """Columns of a parquet file as Python lists.

    Raises:
        DataError: The file is missing, is not Parquet, or lacks a column.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: copy it there, or set CDAT_DATA to the right folder.")
    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as parquet ({error}).") from error
    if missing := sorted(set(columns) - set(table.column_names)):
        raise DataError(f"{path} lacks the column {missing[0]}.")
    return {name: table[name].to_pylist() for name in columns}
