"""Records one file with the live runtime: first the clean file, then its views with faults."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np

from edge.bundle.document import Strict, read_document
from edge.clock import Clock
from edge.config import load_config
from edge.errors import DataError, MediaError, SinkError, SourceError
from edge.faults import FAULTS
from edge.recording.session import EVENTS_NAME
from edge.runtime.feed import Feed
from edge.runtime.models import Models
from edge.runtime.run import Run
from edge.types import NS_PER_S
from train.corpora.recorded.faulted import Faulted
from train.corpora.recorded.views import View

FACTS_NAME, FACTS_VERSION, MAX_FACTS_BYTES = "facts.json", 1, 2**16
FAULT_PROBABILITY = 0.7
"""Of a fault in each stream of a view."""
SEVERITY = 0.3, 1.0
SILENCE_DBFS = -80.0
"""The noise of a 16-bit recording without a signal is at about -96."""
STREAMS = ("vision", "audio")
MAX_MB = 1e7


class Job(Strict):
    """One file to record. `name` determines the content: see `train.corpora.recorded.extract`."""

    file: str
    recordings: str
    name: str
    asr: str
    views: int
    seed: int
    attempt: str = ""
    """Tells unfinished recordings apart, where two processes may record the same file: one may be
    given up for lost and still write. "+" and eight hexadecimal digits, or nothing."""


class Facts(Strict):
    """What a clean recording contains: `facts.json` in its folder."""

    schema_version: int = FACTS_VERSION
    duration_s: float
    streams: tuple[str, ...]
    face: bool
    """A face was found in some frame."""
    sound: bool
    """Some sound is louder than `SILENCE_DBFS`."""
    truncated: bool
    """The file ends before its stated end; the part before was recorded."""


class Recorded(Strict):
    """The outcome of a job. Either `facts`, or the reason why the file is left out."""

    facts: Facts | None = None
    reason: str | None = None
    resumed: bool = False
    """All its recordings existed."""


def record_file(job: Job) -> Recorded:
    """Make the recordings of a job that do not exist yet.

    A recording gets its name when it is complete, so a killed process leaves none that is not.

    Raises:
        EdgeError: Nothing can be recorded (disk, engine, speech-to-text). One sentence.
    """
    place, resumed = Path(job.recordings) / job.name, True
    try:
        if not place.exists():
            resumed = False
            record_view(job, View(job.name))
        facts = read_facts(place)
        if not facts.face and not facts.sound:
            shutil.rmtree(place)
            return Recorded(reason="no face was found and no sound was heard")
        for view in views_of(job, facts):
            if view.number and not (place.parent / view.folder_name).exists():
                resumed = False
                record_view(job, view)
    except SourceError as error:
        return Recorded(reason=str(error).replace(job.file, "it").rstrip("."))
    return Recorded(facts=facts, resumed=resumed)


def views_of(job: Job, facts: Facts) -> tuple[View, ...]:
    """The clean view, and `job.views` others with at least one fault each, drawn by the seed."""
    present = [stream for stream in STREAMS if stream in facts.streams]
    views = [View(job.name)]
    for number in range(1, job.views + 1):
        rng = np.random.default_rng([*_seed(job, number), 2])
        faults: dict[str, tuple[str, float]] = {}
        while not faults:
            for stream in present:
                if rng.random() < FAULT_PROBABILITY:
                    fault = str(rng.choice(list(FAULTS[stream])))
                    faults[stream] = fault, round(float(rng.uniform(*SEVERITY)), 3)
        views.append(View(job.name, number, faults))
    return tuple(views)


def read_facts(place: Path) -> Facts:
    """Raises: DataError."""
    told = f"remove the folder {place} to have it recorded again"
    path = place / FACTS_NAME
    return read_document(path, Facts, FACTS_VERSION, MAX_FACTS_BYTES, DataError, told)


def record_view(job: Job, view: View) -> None:
    """Record one view in a hidden folder, which gets its name when it is complete.

    Raises:
        EdgeError: As `record_file`, and `SourceError` for a file that cannot be used.
    """
    place = Path(job.recordings) / view.folder_name
    unfinished = place.with_name(f".{place.name}{job.attempt}")
    shutil.rmtree(unfinished, ignore_errors=True)
    options = {
        "record.folder": str(unfinished),
        "record.max_mb": MAX_MB,
        "asr.engine": job.asr,
    }

    sources: list[Faulted] = []

    def feeds(clock: Clock) -> list[Feed]:
        sources.append(Faulted(Path(job.file), clock, view, _seed(job, view.number)))
        return [Feed(sources[0], frozenset(STREAMS), lossless=True)]

    truncated = False
    try:
        with Run(load_config(None, [], options), feeds, models=_models(job.asr)) as run:
            try:
                for _ in run:
                    pass
            except MediaError:
                # A truncated file raises when its undamaged part is recorded; others at once.
                if not (truncated := run.telemetry.verdicts > 0):
                    raise
        if run.recording_cause is not None:
            raise SinkError(
                f"{unfinished} could not be written: {run.recording_cause}; the files recorded"
                " before are complete, and the same command continues after them."
            )
        facts = _measure(unfinished / EVENTS_NAME, sources[0], truncated)
        (unfinished / FACTS_NAME).write_text(facts.model_dump_json() + "\n", "utf-8")
        try:
            unfinished.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            # Another attempt has completed it meanwhile, with the same content.
            shutil.rmtree(unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


@cache
def _models(asr: str) -> Models:
    """Loaded once in a process: speech-to-text alone takes 0.5 s, and a view of a clip of 3 s as
    long as that."""
    return Models(load_config(None, [], {"asr.engine": asr}))


def _measure(events: Path, source: Faulted, truncated: bool) -> Facts:
    """From the complete log of a run, and its source."""
    face = sound = False
    with events.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"kind":"observation"'):
                event = json.loads(line)
                first_signal = event["quality"][0]  # the face found, or the level in dBFS
                if event["stream"] == "vision":
                    face = face or first_signal > 0
                else:
                    sound = sound or first_signal > SILENCE_DBFS
    return Facts(
        duration_s=round(source.end_ns / NS_PER_S, 3),
        streams=tuple(sorted(source.streams)),
        face=face,
        sound=sound,
        truncated=truncated,
    )


def _seed(job: Job, number: int) -> tuple[int, ...]:
    named = hashlib.sha256(job.name.encode()).digest()
    return job.seed, int.from_bytes(named[:4], "big"), number
