"""`cdat-train extract`: the user's files become a corpus, through the live runtime itself."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from edge.asr.vosk_models import installed_model, model_folders
from edge.errors import AsrError, DataError, SinkError
from edge.frontends import FrontEndParams
from edge.recording import session
from train.corpora.recorded.corpus import RECORDINGS_NAME, open_recorded
from train.corpora.recorded.parallel import record_all
from train.corpora.recorded.record import Job, Recorded
from train.corpora.recorded.summary import Summary, summarize
from train.corpora.recorded.table import SourceFile, Table
from train.corpora.recorded.write import KeptFile, samples_of, write_corpus

LOCK_NAME = ".lock"
SLUG_LIMIT = 80
UNFINISHED_NAME = r"\.[A-Za-z0-9_-]+-[0-9a-f]{8}(\.\d+)?(\+[0-9a-f]{8})?"
"""Of a file, of a view, and of one attempt at either."""

Progress = Callable[[str, Recorded], None]
"""Called after each file, with its path as shown."""
RecordAll = Callable[[Sequence[Job]], Generator[tuple[Job, Recorded], None, None]]
"""Yields each job with its outcome, as `record_all` of `parallel` does."""


def extract(
    table: Table,
    out: Path,
    workers: int,
    views: int = 0,
    asr: str = "auto",
    seed: int = 0,
    progress: Progress = lambda shown, recorded: None,
    record: RecordAll | None = None,
) -> Summary:
    """Record every file of `table`, then write the corpus in `out`.

    `workers` processes of this machine record, or `record` if it is given (`on_ray`).

    A second call continues where one was interrupted: complete recordings are kept. The corpus is
    opened, as training opens it, before this returns.

    Raises:
        DataError: No file can be used, or what is left breaks a rule (`open_recorded`).
        EdgeError: `out`, the engine or speech-to-text cannot be used. One sentence each.
    """
    engine = engine_of(asr)
    recordings = _make(out)
    try:
        with FileLock(out / LOCK_NAME, timeout=0):
            jobs = [_job(file, recordings, views, engine, seed) for file in table.files]
            record = record or partial(record_all, workers=workers)
            found = _recorded(table.files, jobs, recordings, record, progress)
            kept: list[KeptFile] = []
            left_out = list(table.left_out)
            for file, job in zip(table.files, jobs, strict=True):
                if (facts := found[job.name].facts) is not None:
                    kept.append(KeptFile(file, job, facts))
                else:
                    left_out.append((file.shown, found[job.name].reason or ""))
            samples, beyond = samples_of(kept)
            left_out += beyond
            if not samples:
                first = ": ".join(left_out[0])
                raise DataError(f"No file can be used; of {len(left_out)}, the first is {first}.")
            write_corpus(out, table.task, kept, samples, left_out, engine, seed)
            open_recorded(out)
            resumed = sum(one.resumed for one in found.values())
            return summarize(out, kept, samples, left_out, resumed, table.task)
    except Timeout:
        raise SinkError(
            f"{out} is in use by another cdat-train extract: wait for it, or give another --out."
        ) from None
    except OSError as error:
        raise SinkError(f"{error.filename or out} cannot be written: {error.strerror}.") from None


def _recorded(
    files: Sequence[SourceFile],
    jobs: Sequence[Job],
    recordings: Path,
    record: RecordAll,
    progress: Progress,
) -> dict[str, Recorded]:
    """The outcome of each job, by name. Unfinished recordings are removed, however it ends."""
    shown = {job.name: file.shown for file, job in zip(files, jobs, strict=True)}
    found: dict[str, Recorded] = {}
    with ExitStack() as last:
        remove_unfinished(recordings)
        last.callback(remove_unfinished, recordings)
        for job, recorded in last.enter_context(closing(record(jobs))):
            found[job.name] = recorded
            progress(shown[job.name], recorded)
    return found


def remove_unfinished(recordings: Path) -> None:
    """Remove what a killed extraction left. Nothing else in the folder is touched."""
    for unfinished in recordings.glob(".*"):
        # Nothing of a file manager or of version control has such a name.
        ours = re.fullmatch(UNFINISHED_NAME, unfinished.name)
        if ours and unfinished.is_dir() and not unfinished.is_symlink():
            # On a cluster, a process that was given up for lost may still write to it.
            shutil.rmtree(unfinished, ignore_errors=True)


def engine_of(asr: str) -> str:
    """The engine of speech-to-text that "auto" chooses here; another one as it is.

    Raises:
        AsrError: Vosk has no model.
    """
    if asr == "auto":
        return "pocketsphinx" if installed_model() is None else "vosk"
    if asr == "vosk" and installed_model() is None:
        places = " or ".join(map(str, model_folders()))
        raise AsrError(
            f"--asr vosk finds no English model in {places}: put the folder of one there, or use"
            " --asr pocketsphinx."
        )
    return asr


def _make(out: Path) -> Path:
    """The folder of the recordings, in a corpus that is new or was begun before."""
    recordings = out / RECORDINGS_NAME
    try:
        if not recordings.is_dir() and out.is_dir() and any(out.iterdir()):
            raise DataError(f"--out {out} is not empty and is not a corpus: name a new folder.")
        # Faces and words: only for the owner, as every recording.
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        recordings.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SinkError(f"--out {out} cannot be written: {error.strerror}.") from None
    return recordings


def _job(file: SourceFile, recordings: Path, views: int, engine: str, seed: int) -> Job:
    """The recording of a file. Its name contains a digest of all that determines its content, so
    that a recording which exists under this name need not be made again."""
    stat = file.path.stat()
    asr = engine if file.needs_asr else "none"
    made_of = [
        *(file.shown, stat.st_size, stat.st_mtime_ns),
        *(asr, seed, FrontEndParams().digest(), session.SCHEMA_VERSION),
    ]
    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", str(Path(file.shown).with_suffix("")))
    name = f"{readable.strip('_')[-SLUG_LIMIT:] or 'file'}-{digest}"
    return Job(
        file=str(file.path),
        recordings=str(recordings.resolve()),
        name=name,
        asr=asr,
        views=views,
        seed=seed,
    )
