"""A sheet of events for BORIS, which reads it by `Observations > Import observations`.

BORIS takes the first sheet of an .xlsx file with the columns time (seconds), subject, code,
modifier and comment, and adds its rows to the observation that is open. A state event is two rows:
its begin and its end.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from edge.annotation.lines import NumberLine
from edge.annotation.spans import MARK, Span, spans_of
from edge.annotation.verdicts import Verdicts
from edge.errors import DOCTOR, SinkError

COLUMNS = ("time", "subject", "code", "modifier", "comment")
ROW_LIMIT = 1_048_576
"""Of an .xlsx sheet, with the header."""


def write_boris(verdicts: Verdicts, with_unsure: bool, path: Path) -> str:
    """State events with the label as code; for a number its name, and the number as modifier.

    Raises:
        SinkError: XlsxWriter is not installed, or a sheet cannot hold so many events.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise SinkError(
            f"--to boris needs XlsxWriter: run `pip install 'cdat-edge[annotation]'`; {DOCTOR}."
        ) from None
    found = spans_of(verdicts, with_unsure)
    spans = found.codes()
    # Of two events at one time, the end comes before the next one's begin.
    number = verdicts.number
    events = [(span.end_ms, 0, _texts(span, number, False)) for span in spans]
    events += [(span.begin_ms, 1, _texts(span, number, True)) for span in spans]
    # A point event is one row.
    events += [(mark.t_ms, 1, {"code": MARK, "comment": mark.text}) for mark in found.marks]
    events.sort(key=lambda event: event[:2])
    if len(events) >= ROW_LIMIT:
        raise SinkError(
            f"--to boris: a sheet cannot hold the {len(events)} events of this run; choose"
            " another format."
        )
    # In memory first: on a full disk the archive would print a traceback of its own.
    whole = BytesIO()
    with Workbook(whole, {"in_memory": True}) as book:
        sheet = book.add_worksheet("events")
        sheet.write_row(0, 0, COLUMNS)
        for row, (time_ms, _, texts) in enumerate(events, 1):
            sheet.write_number(row, 0, time_ms / 1000)
            for column, text in texts.items():
                sheet.write_string(row, COLUMNS.index(column), text)  # never a formula
    path.write_bytes(whole.getvalue())
    marks = f" and {len(found.marks)} marks" if found.marks else ""
    return f"{len(events)} events of {len(spans)} states{marks}"


def _texts(span: Span, number: NumberLine | None, begins: bool) -> dict[str, str]:
    texts = {"code": span.text}
    if number is not None and not span.unsure:
        # Without the unit: a numeric modifier of BORIS is a number alone.
        texts = {"code": number.name, "modifier": span.text.removesuffix(f" {number.unit}")}
    if begins and not span.unsure and span.confidence is not None:
        texts["comment"] = f"confidence {span.confidence:.2f}"
    return texts
