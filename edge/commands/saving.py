"""`--save`: the verdicts of a run of a film, kept aside, and drawn on the film at its end."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from rich.console import Console

from edge.commands.sigterm import exits_on_sigterm
from edge.config import Config
from edge.errors import ConfigError, MediaError, SinkError
from edge.runtime.run import Run
from edge.sinks.jsonl import JsonLines
from edge.sources.decode import open_container, picture_stream

ENDING = ".mp4"


class Saving:
    """A context manager around a run. What it writes is in a folder beside the film until `finish`,
    and removed at its end: nothing incomplete is ever under the film's name. SIGTERM ends it in
    order, too, from before there is a folder; the run in between takes the signal for itself.
    """

    def __init__(self, config: Config, save: str) -> None:
        """Check the place, and open a file for the verdicts.

        Raises:
            ConfigError: The run is not one of a file alone.
            MediaError: The file has no pictures.
            SinkError: The film cannot be written there.
        """
        # Imported only by a run that saves its film.
        from edge.annotation.formats import check_place

        source = config.source
        if source.file is None or {source.camera, source.mic} - {None, "none"}:
            raise ConfigError("--save writes the film of --file again: give --file, and no device.")
        self._film, self._out, self._seconds = Path(source.file), Path(save), config.seconds
        if self._out.suffix.lower() != ENDING:
            raise ConfigError(f"--save {save}: give a name that ends in {ENDING}.")
        check_place(self._out, self._film, overwrite=False, option="--save")
        with open_container(self._film, source.file) as film:
            if picture_stream(film) is None:
                raise MediaError(f"{source.file} has no pictures: leave out --save.")
        self.stopped = True
        """Whether the run did not come to the end of the film."""
        self._undo = ExitStack()
        self._undo.enter_context(exits_on_sigterm())
        try:
            folder = TemporaryDirectory(prefix=".cdat-", dir=self._out.parent)
        except OSError as error:
            self._undo.close()
            raise SinkError(
                f"--save {save} cannot be written: {error.strerror}; give a writable folder."
            ) from None
        self._folder = Path(self._undo.enter_context(folder))
        self._verdicts = self._folder / "verdicts.jsonl"
        self.sink = JsonLines(str(self._verdicts), "--save")
        self._undo.callback(self.sink.close)

    def __enter__(self) -> Saving:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.close()

    def finish(self, run: Run, console: Console) -> None:
        """Write the film of a run that has ended. Ctrl-C and SIGTERM end it, and leave nothing.

        Raises:
            MediaError, SinkError: It cannot be written.
        """
        from edge.annotation.film.write import write_film
        from edge.annotation.formats import check_place
        from edge.annotation.verdicts import Verdicts

        if self.stopped or run.telemetry.verdicts == 0:
            sentence = f"The run was stopped: {self._out} is not written."
            console.print(sentence, style="yellow", soft_wrap=True)
            return
        feed = run.feeds[0]
        console.print(f"Writing {self._out} ...", style="dim", soft_wrap=True)
        part = self._folder / "part"
        try:
            streams = feed.streams & feed.source.streams
            verdicts = Verdicts(self._verdicts)
            pictures = write_film(self._film, verdicts, streams, part, self._seconds)
            # Another run may have written its film meanwhile.
            check_place(self._out, self._film, overwrite=False, option="--save")
            part.replace(self._out)
        except OSError as error:
            raise SinkError(f"{self._out} cannot be written: {error.strerror}.") from None
        console.print(f"{self._out}: {pictures} pictures.", soft_wrap=True)
