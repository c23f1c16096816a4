"""The sections of the runtime's configuration and their keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from edge.bundle.document import Strict
from edge.engines import EngineOptions, Precision

Text = Annotated[str, Field(min_length=1)]


def _is_short_text(given: str) -> bool:
    return len(given) <= 200 and given.isprintable()


class Section(Strict):
    """Values must have the declared type: YAML's `off` is not a camera index."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, given: Any) -> Any:
        """A section with all its keys commented out is None in YAML."""
        return {} if given is None else given


class WindowConfig(Section):
    """Sliding windows. A value that is not given is taken from the bundle."""

    duration_s: Annotated[float, Field(ge=0.2, le=60)] | None = None
    """Sound and video in one window."""
    step_s: Annotated[float, Field(ge=0.02, le=10)] | None = None
    """Time between verdicts."""
    text_s: Annotated[float, Field(ge=0.2, le=120)] | None = None
    """Words in one window."""


class CameraConfig(Section):
    """What is requested from a local camera. It may deliver another size or rate."""

    width: Annotated[int, Field(ge=16, le=7680)] = 640
    height: Annotated[int, Field(ge=16, le=4320)] = 480
    fps: Annotated[float, Field(gt=0, le=240)] = 30


class SourceConfig(Section):
    """Where sound and video come from."""

    file: Text | None = None
    """A media file. It provides both streams, except those that a device is named for."""
    camera: int | Text | None = None
    """Index, device path or URL; "none" for no video. None: camera 0, unless a file is given."""
    mic: int | Text | None = None
    """Index or (part of a) name; "default"; "none" for no sound. None: default, unless a file."""
    pace: Literal["fast", "live"] = "fast"
    """A file without devices runs at full speed ("fast") or in real time ("live")."""
    open_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long a device or URL may take to answer."""
    start_without: bool = False
    """Begin though a camera or microphone is missing; it is used once it is there."""

    @field_validator("camera", "mic", mode="before")
    @classmethod
    def _switched_off(cls, given: Any) -> Any:
        """YAML reads `off` and `no` as False: this means no camera."""
        return "none" if given is False else given


class AsrConfig(Section):
    """Speech-to-text."""

    engine: Literal["auto", "vosk", "pocketsphinx", "none"] = "auto"
    """auto: Vosk if a model for it is found, else pocketsphinx."""
    model: Text | None = None
    """Vosk only: the folder of a model, or its name for Vosk's download."""
    limit_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Live, the recogniser is started again when it does not answer for this long."""
    load_limit_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Live, it is started again when its model has not loaded by then. A download has no limit."""


class EngineConfig(Section):
    """The engine that runs the networks."""

    name: Text = "onnxruntime"
    """One of `edge.engines.engine_names()`; "auto" for the best that can serve here."""
    precision: Precision = "fp32"
    """Precision of the arithmetic. An engine rejects one that it does not support."""
    device: Text = "auto"
    """"auto", "cpu" or "cuda". An engine may accept more: see docs/engines.md."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads a network. The networks are small, and each stream already has its own thread."""
    cache: Text | None = None
    """Folder of the compiled plans. None: the user's cache folder."""
    limit_s: Annotated[float, Field(gt=0, le=600)] = 2.0
    """An engine that does not answer for this long hangs: the next one takes over."""

    @property
    def options(self) -> EngineOptions:
        """The options as the engine takes them."""
        cache = None if self.cache is None else Path(self.cache)
        return EngineOptions(self.precision, self.threads, self.device, cache, self.limit_s)


class OutputConfig(Section):
    """Where verdicts go."""

    table: bool = True
    """Show the live table if standard output is a terminal."""
    jsonl: Text | None = None
    """A file for one JSON line a step; "-" for standard output."""
    jsonl_max_mb: Annotated[float, Field(gt=0, le=1e7)] = 10_000
    """At this size the file takes no more lines. The run continues."""
    save: Text | None = None
    """An .mp4 file for the film of `source.file` with face, answer and streams drawn on it."""
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
    browser: bool = True
    """Open the page in a browser if there is a terminal and a display."""


class HttpConfig(Section):
    """Verdicts over HTTP and a WebSocket; see docs/outputs.md."""

    address: Text | None = None
    """HOST:PORT. Off loopback a token is required."""
    token: Annotated[str, Field(min_length=16)] | None = None
    """The token that a request must send off loopback. None: a new one for each run, printed."""


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


class Config(Section):
    """The configuration of `cdat-edge run`."""

    bundle: Text | None = None
    """The bundle's folder. None: the bundle that is included in the package."""
    require_signed: Text | None = None
    """A file with the public key that must have signed the bundle. None: any bundle."""
    seconds: Annotated[float, Field(gt=0, le=1e7)] | None = None
    """Stop after this time. None: at the end of the file, or on a stop."""
    memory_max_mb: Annotated[float, Field(gt=0, le=1e7)] = 4_000
    """Of `cdat-edge run` and `demo`: above this resident memory a note is told, once. The run
    continues."""
    window: WindowConfig = WindowConfig()
    source: SourceConfig = SourceConfig()
    camera: CameraConfig = CameraConfig()
    asr: AsrConfig = AsrConfig()
    engine: EngineConfig = EngineConfig()
    output: OutputConfig = OutputConfig()
    record: RecordConfig = RecordConfig()
    dashboard: DashboardConfig = DashboardConfig()
    http: HttpConfig = HttpConfig()
    mqtt: MqttConfig = MqttConfig()
    osc: OscConfig = OscConfig()
    lsl: LslConfig = LslConfig()
