"""`cdat-edge run` with several files: one after the other, with the models loaded once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

import typer

from edge.commands.event_log import EventLog
from edge.commands.files_checks import check_for_several, check_places, lines_place
from edge.commands.files_progress import FilesProgress
from edge.commands.files_summary import SummaryFile
from edge.commands.files_table import Row, drawn, lines_of
from edge.commands.hangup import hangup, survives_hangup
from edge.commands.media_files import Clip
from edge.commands.memory_watch import MemoryWatch
from edge.commands.screen import screen
from edge.commands.stop_signals import signals_stop
from edge.commands.verdict_lines import open_verdict_lines
from edge.config import Config
from edge.errors import EdgeError, SinkError, SourceError
from edge.runtime.models import Models
from edge.runtime.run import Run
from edge.sinks.jsonl import JsonLines


def run_files(config: Config, clips: Sequence[Clip]) -> None:
    """Process all files, or up to Ctrl-C or SIGTERM; then print the table.

    A file that fails costs that file. Any other error ends all, after the table of what was done.

    Raises:
        EdgeError: What was asked for is not for several files; or a model or an output fails.
        typer.Exit: With code 1, after the table, if a file failed.
    """
    check_for_several(config)
    check_places(config, clips)
    console = screen(stderr=not sys.stdout.isatty())
    rows: list[Row] = []
    with ExitStack() as opened:
        opened.enter_context(survives_hangup())
        models = opened.enter_context(Models(config))
        streams = models.bundle.manifest.names
        summary = None
        if config.output.summary is not None:
            sources = [clip.path for clip in clips]
            summary = SummaryFile(config.output.summary, sources, streams)
            opened.enter_context(closing(summary))
        runs = FileRuns(config, models)
        opened.enter_context(signals_stop(runs, console.file))
        opened.enter_context(hangup(lambda: None, runs.stop))
        said = f"{models.bundle.manifest.name} on {models.networks.device}; {len(clips)} files"
        console.print(f"{said}; press Ctrl-C to stop.", style="dim", soft_wrap=True)
        for note in models.notes:
            console.print(f"note: {note}", style="yellow", soft_wrap=True)
        bar = config.output.table and console.is_terminal
        try:
            with FilesProgress(console, len(clips), bar) as progress:
                for clip in clips:
                    if runs.stopped:
                        break
                    row = Row(clip.shown)
                    rows.append(row)
                    runs.run(clip, row, progress.within)
                    progress.finished(row)
                    if summary is not None:
                        summary.add(row)
        finally:
            _print_table(rows, streams, len(clips))
    if any(row.error is not None for row in rows):
        raise typer.Exit(1)


def _print_table(rows: Sequence[Row], streams: Sequence[str], files: int) -> None:
    console = screen(stderr=False)
    if console.is_terminal:
        console.print(drawn(rows, streams, files))
    else:
        for line in lines_of(rows, streams, files):
            console.print(line, soft_wrap=True)


class FileRuns:
    """The runs of the files, one at a time. Main thread; `stop` from any thread or signal."""

    def __init__(self, config: Config, models: Models) -> None:
        self._config, self._models = config, models
        self._current: Run | None = None
        self.stopped = False

    def stop(self) -> None:
        """End after the current step."""
        self.stopped = True
        if self._current is not None:
            self._current.stop()

    def run(self, clip: Clip, row: Row, within: Callable[[str, float], None]) -> None:
        """Process one file, and fill its row.

        Args:
            within: Is told how much of the file is done.

        Raises:
            EdgeError: It is not the file that failed.
        """
        source = self._config.source.model_copy(update={"file": str(clip.path)})
        # The folder is no output of a single run.
        output = self._config.output.model_copy(update={"jsonl": None})
        config = self._config.model_copy(update={"source": source, "output": output})
        within(clip.shown, 0.0)
        current = Run(config, models=self._models)
        self._current = current
        if self.stopped:  # while the run was made
            current.stop()
        try:
            with ExitStack() as opened:
                if output.log is not None:
                    log = JsonLines(output.log, "--log", append=True)
                    opened.enter_context(closing(EventLog(log, current)))
                watch = MemoryWatch(config.memory_max_mb, current.telemetry)
                opened.enter_context(closing(watch))
                opened.callback(current.close)
                try:
                    self._process(clip, current, row, within)
                except EdgeError as error:
                    current.telemetry.event("run_failed", sentence=str(error))
                    raise
        except SourceError as error:
            row.error = str(error)
        except EdgeError:
            row.stopped = True
            raise
        finally:
            self._current = None
            current.close()
            row.notes = current.telemetry.notes

    def _process(
        self, clip: Clip, current: Run, row: Row, within: Callable[[str, float], None]
    ) -> None:
        feed = current.feeds[0].source
        with ExitStack() as opened:
            lines: JsonLines | None = None
            for verdict in opened.enter_context(closing(current.verdicts())):
                # A file that gives no verdict leaves no empty file.
                if lines is None and self._config.output.jsonl is not None:
                    lines = self._lines(clip, current)
                    opened.callback(lines.close)
                if lines is not None:
                    lines.write(verdict)
                row.tally.add(verdict)
                length_s = getattr(feed, "duration_s", None) or self._config.seconds
                if length_s:
                    cut_s = min(length_s, self._config.seconds or length_s)
                    within(clip.shown, row.tally.length_s / cut_s)
            row.stopped = current.stopped

    def _lines(self, clip: Clip, current: Run) -> JsonLines:
        assert self._config.output.jsonl is not None
        place = lines_place(self._config.output.jsonl, clip)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(
                f"--jsonl: the folder {place.parent} cannot be made: {error.strerror}."
            ) from None
        return open_verdict_lines(str(place), self._config.output.jsonl_max_mb, lambda: current)
