"""`--summary`: the table of several files as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from edge.commands.files_table import Row
from edge.errors import ConfigError, SinkError
from edge.types import STREAMS

FIELDS = (
    *("file", "length_s", "verdicts", "unsure", "label", "share", "value", "confidence"),
    *(*STREAMS, "error", "notes"),
)


class SummaryFile:
    """The rows, each written when its file is done; no totals."""

    def __init__(self, place: str, sources: Sequence[Path], streams: Sequence[str]) -> None:
        """Begin the file; an existing one is replaced.

        Args:
            sources: What it must not overwrite.
            streams: Those of the bundle; the columns of others stay empty.

        Raises:
            ConfigError: The name does not end in .csv, or is one of the sources.
            SinkError: It cannot be written.
        """
        path = Path(place)
        if path.suffix.lower() != ".csv":
            raise ConfigError(f"--summary {place}: give a name that ends in .csv.")
        if path.exists() and any(one.exists() and path.samefile(one) for one in sources):
            raise ConfigError(f"--summary {place} is one of the files: give another name.")
        self._place, self._streams = place, streams
        try:
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise SinkError(
                f"--summary {place} cannot be written: {error.strerror}; give a file in a folder"
                " that exists and is writable."
            ) from None
        self._rows = csv.DictWriter(self._file, FIELDS)
        self._write(dict(zip(FIELDS, FIELDS, strict=True)))

    def add(self, row: Row) -> None:
        """Write one row. Raises: SinkError."""
        tally = row.tally
        label, share = tally.label or ("", None)
        figures = {
            **dict.fromkeys(STREAMS, ""),
            **{stream: _number(tally.used(stream)) for stream in self._streams},
            "share": _number(share),
            "value": _number(tally.value),
            "confidence": _number(tally.confidence),
        }
        counts = {"verdicts": tally.verdicts, "unsure": tally.unsure, "label": label}
        length = {"file": row.shown, "length_s": f"{tally.length_s:.3f}"}
        self._write(
            {**length, **counts, **figures, "error": row.told, "notes": " ".join(row.notes)}
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, row: dict[str, object]) -> None:
        try:
            self._rows.writerow(row)
            self._file.flush()
        except OSError as error:
            raise SinkError(
                f"--summary {self._place} cannot be written any further ({error.strerror})."
            ) from None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
