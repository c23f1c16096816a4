"""The recording of a run, as its configuration asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.bundle import Bundle
from edge.config import Config
from edge.config.outputs import RecordConfig
from edge.errors import ConfigError
from edge.runtime.loaded import Loaded, watches_of

if TYPE_CHECKING:
    from edge.recording import Recorder
    from edge.recording.session import Content, RecordingHeader


def make_recorder(record: RecordConfig, waits: bool) -> Recorder | None:
    """A recorder with its folder; None where nothing is to be recorded.

    Args:
        record: The configuration of the recording.
        waits: The run is not live and waits for its recording.

    Raises:
        ConfigError, SinkError: The message is one sentence.
    """
    if record.folder is None:
        if record.raw:
            raise ConfigError("record.raw (--record-raw) needs a folder: set --record DIR.")
        return None
    from edge.recording import Recorder  # a run that records nothing does not wait for it

    return Recorder(Path(record.folder), record.raw, waits, round(record.max_mb * 1e6))


def header(config: Config, bundle: Bundle, loaded: Loaded, now_ns: int) -> RecordingHeader:
    """What a replay needs to know of the run that begins now."""
    from edge.recording.session import EngineIdentity, describe_session

    made_with = EngineIdentity(
        name=loaded.engine,
        precision=config.engine.precision,
        threads=config.engine.threads,
        device=loaded.device,
    )
    content: Content = "raw" if config.record.raw else "features"
    watches = watches_of(config)
    window, people = loaded.window, config.people
    shifts = loaded.recognizer.shifts
    return describe_session(bundle, made_with, window, content, now_ns, watches, people, shifts)
