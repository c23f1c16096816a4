"""The sections of the configuration that say where verdicts and recordings go."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from edge.config.section import Section, Text


def _is_short_text(given: str) -> bool:
    return len(given) <= 200 and given.isprintable()


class OutputConfig(Section):
    """Where verdicts go."""

    table: bool = True
    """Show the live table if standard output is a terminal."""
    jsonl: Text | None = None
    """A file for one JSON line a step; "-" for standard output. With several files: a folder."""
    jsonl_max_mb: Annotated[float, Field(gt=0, le=1e7)] = 10_000
    """At this size the file takes no more lines. The run continues."""
    save: Text | None = None
    """An .mp4 file for the film of `source.file` with face, answer and streams drawn on it."""
    summary: Text | None = None
    """A .csv file for the table of several files: what was recognised in each."""
    log: Text | None = None
    """A file that gets a dated JSON line for each event; see docs/events.md."""


class DashboardConfig(Section):
    """A web page that shows the run while it runs."""

    show: bool = False
    """Serve the page."""
    address: Text = "127.0.0.1:8766"
    """HOST:PORT. Off loopback a token is required. Default: any port if this one is in use."""
    token: Annotated[str, Field(min_length=16)] | None = None
    """The token that a page must send off loopback. None: a new one for each run, printed."""
    picture: bool = True
    """Show the camera picture, on this computer only."""
    keep_pictures_mb: Annotated[float, Field(ge=0, le=256)] = 0.0
    """Memory for pictures to look back at, one a second; 0: none is kept. Never written to disk."""
    control: bool = True
    """Whether the page may act on the run: set marks, stop it, begin another one."""
    cameras: list[Text] = Field(default=[], max_length=50)
    """Cameras that the page offers beside those that are found, as URLs of network cameras."""
    browser: bool = True
    """Open the page in a browser if there is a terminal and a display."""
    stay: Literal["auto"] | bool = "auto"
    """Whether the page stays after a run that ended by itself, until it is closed. `auto`: if
    standard output is a terminal."""


class HttpConfig(Section):
    """Verdicts over HTTP and a WebSocket; see docs/outputs.md."""

    address: Text | None = None
    """HOST:PORT. Off loopback a token is required."""
    token: Annotated[str, Field(min_length=16)] | None = None
    """The token that a request must send off loopback. None: a new one for each run, printed."""


class TlsConfig(Section):
    """What encrypts the dashboard, `http` and `serve`: both files, PEM, or neither."""

    certificate: Text | None = None
    """The certificate, and behind it those of its issuers."""
    key: Text | None = None
    """Its private key, without a passphrase."""


class MqttConfig(Section):
    """Verdicts to an MQTT broker; see docs/outputs.md."""

    url: Text | None = None
    """mqtt://[USER[:PASSWORD]@]HOST[:PORT]/PREFIX, or mqtts:// for TLS. The password may also be in
    the environment variable CDAT_MQTT_PASSWORD."""
    discovery: Text | None = "homeassistant"
    """The prefix of Home Assistant's discovery; None: no discovery."""

    @field_validator("discovery")
    @classmethod
    def _begins_topics(cls, given: str | None) -> str | None:
        if given is not None and (set(given) & set("+#$") or not _is_short_text(given)):
            raise ValueError("must be the beginning of a topic, without + # $")
        return given


class OscConfig(Section):
    """Verdicts as Open Sound Control over UDP; see docs/outputs.md."""

    address: Text | None = None
    """HOST:PORT of the receiver, or HOST:PORT/PREFIX for another prefix than /emotion."""


class LslConfig(Section):
    """Verdicts as a Lab Streaming Layer stream; see docs/outputs.md."""

    name: Text | None = None
    """The stream's name."""

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, given: str | None) -> str | None:
        if given is not None and not _is_short_text(given):
            raise ValueError("must be a name of at most 200 printable characters")
        return given


class RecordConfig(Section):
    """Recording for a replay. Nothing is stored unless a folder is given."""

    folder: Text | None = None
    """A new folder for the recording."""
    raw: bool = False
    """Store the sound and video themselves, not only the inputs of the networks."""
    max_mb: Annotated[float, Field(gt=0, le=1e7)] = 10_000
    """At this size the recording ends. The run continues."""
