"""Media files where a command wants recordings: they are extracted first, as `extract` does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.commands.screen import screen
from edge.commands.sigterm import exits_on_sigterm
from edge.errors import ConfigError, DataError
from train.commands.extract import Asr, must_be_outside, shown_progress, usable_cores
from train.commands.options import training_packages

if TYPE_CHECKING:
    from edge.bundle.manifest import Task as BundleTask
    from train.task import Task

Keep = Annotated[
    Path | None,
    typer.Option(
        "--keep",
        help="Of media files: keep what is extracted as a corpus in this folder; a second call goes"
        " on with it. Without it, it is removed at the end.",
    ),
]
HeardBy = Annotated[
    Asr | None,
    typer.Option("--asr", help="Of media files: speech-to-text without a transcript; auto."),
]
PersonFrom = Annotated[
    str | None,
    typer.Option(metavar="REGEX", help="Of media files: one group, the person in the file's path."),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=256, help="Of media files: processes; one a core without it."),
]

NEEDED: dict[BundleTask, Task] = {"multilabel": "labels", "regression": "regression"}
"""What a bundle's labels are read as; of a bundle with one label the table itself decides."""


@dataclass(frozen=True)
class Extraction:
    """How media files are extracted."""

    keep: Path | None = None
    asr: Asr | None = None
    person_from: str | None = None
    workers: int | None = None

    def beside(self, name: str) -> Extraction:
        """The same for other files, which are kept in a folder of their own.

        Raises:
            ConfigError: There is nothing beside the folder, as beside `/`.
        """
        if self.keep is None:
            return self
        kept = self.keep.resolve()
        if not kept.name:
            raise ConfigError(f"--keep {self.keep} is no folder beside which another can be kept.")
        return replace(self, keep=kept.with_name(f"{kept.name}-{name}"))


def must_be_used(how: Extraction, *sources: Path | None) -> None:
    """Raises: ConfigError, if the extraction has options, and none of `sources` is extracted."""
    with training_packages():
        from train.evaluation.takes import is_recorded
    given = [one for one in sources if one is not None]
    if how != Extraction() and all(is_recorded(one) for one in given):
        named = " and ".join(map(str, given))
        raise ConfigError(
            f"{named} {'is' if len(given) == 1 else 'are'} recorded already: --keep, --asr,"
            " --person-from and --workers are for media files, so leave them out."
        )


@contextmanager
def as_recordings(source: Path, task: BundleTask, how: Extraction) -> Iterator[Path]:
    """`source`, if it is a corpus or recordings; else a corpus that is extracted from its files. It
    is removed at the end, after an error, Ctrl-C and SIGTERM, too, unless it is to be kept. Main
    thread, which signals need. Where it is kept is told on standard error.

    Args:
        source: Recordings, or a folder or table of media files.
        task: Of the bundle.

    Raises:
        ConfigError: The corpus would be kept among the files.
        DataError: There are no files, or none that can be used. One sentence.
    """
    with training_packages():
        from train.corpora.recorded.corpus import RECORDINGS_NAME
        from train.corpora.recorded.extract import extract
        from train.corpora.recorded.table import read_source
        from train.evaluation.takes import is_recorded
    if is_recorded(source):
        yield source
        return
    if source.is_dir() and is_recorded(source / RECORDINGS_NAME):
        raise DataError(
            f"{source} is a corpus that is not complete: run its cdat-train extract again."
        )
    if how.keep is not None:
        must_be_outside("--keep", how.keep, source)
    given = read_source(source, NEEDED.get(task), how.person_from, unlabelled=True)
    with ExitStack() as opened:
        opened.enter_context(exits_on_sigterm())
        out = how.keep
        if out is None:
            place = opened.enter_context(tempfile.TemporaryDirectory(prefix="cdat-"))
            out = Path(place) / source.resolve().stem
        else:
            screen(stderr=True).print(f"{source} is kept as a corpus in {out}.", soft_wrap=True)
        with shown_progress(len(given.files)) as progress:
            workers, asr = how.workers or usable_cores(), how.asr or Asr.auto
            # Views have faults, and what is asked for is how the recordings themselves do.
            extract(given, out, workers, views=0, asr=asr.value, progress=progress)
        yield out
