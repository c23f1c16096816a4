"""How far a run of several files is, in a terminal and elsewhere."""

from __future__ import annotations

import io

from rich.console import Console

from edge.commands.files_progress import FilesProgress
from edge.commands.files_table import Row


def test_a_terminal_has_a_bar_with_the_files_done_and_notes_above_it() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, markup=False)
    with FilesProgress(console, 2, bar=True) as progress:
        progress.within("[a].mp4", 0.5)
        progress.finished(Row("[a].mp4", notes=["[a].mp4 has no sound."]))
        progress.within("b.mp4", 7.0)  # a stated length may be wrong
    told = screen.getvalue()
    assert "1/2 files" in told and "[a].mp4 has no sound." in told and "b.mp4" in told
    assert "[a].mp4: " not in told


def test_without_a_terminal_each_file_is_a_line() -> None:
    screen = io.StringIO()
    with FilesProgress(Console(file=screen, width=40, markup=False), 2, bar=False) as progress:
        progress.within("a.mp4", 0.5)
        progress.finished(
            Row("a.mp4", notes=["A sentence that is longer than the screen is wide."])
        )
        progress.finished(Row("b.mp4", error="b.mp4 is empty (0 bytes): give a media file."))
    assert screen.getvalue().splitlines() == [
        "1/2 a.mp4: 0 verdicts",
        "note: A sentence that is longer than the screen is wide.",
        "2/2 b.mp4: b.mp4 is empty (0 bytes): give a media file.",
    ]
