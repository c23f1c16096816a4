"""The sections of the runtime's configuration, and what each key takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from edge.bundle.document import Strict
from edge.engines import EngineOptions, Precision

Text = Annotated[str, Field(min_length=1)]


class Section(Strict):
    """Values are of the type that is asked for: YAML's `off` is no number of a camera."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, given: Any) -> Any:
        """A section with all its keys commented out is None in YAML."""
        return {} if given is None else given


class WindowConfig(Section):
    """Sliding windows; a value left out is the bundle's own."""

    duration_s: Annotated[float, Field(ge=0.2, le=60)] | None = None
    """Sound and picture that one verdict looks back on."""
    step_s: Annotated[float, Field(ge=0.02, le=10)] | None = None
    """Time between verdicts."""
    text_s: Annotated[float, Field(ge=0.2, le=120)] | None = None
    """Words that one verdict looks back on."""


class CameraConfig(Section):
    """How a camera is asked to work; it may answer with what it can."""

    width: Annotated[int, Field(ge=16, le=7680)] = 640
    height: Annotated[int, Field(ge=16, le=4320)] = 480
    fps: Annotated[float, Field(gt=0, le=240)] = 30


class SourceConfig(Section):
    """Where sound and picture come from."""

    file: Text | None = None
    """A media file; gives both streams unless a device is named beside it."""
    camera: int | Text | None = None
    """Index, device path or URL; "none" for no picture. None: camera 0, unless a file is given."""
    mic: int | Text | None = None
    """Index or (part of a) name; "default"; "none" for no sound. None: default, unless a file."""
    pace: Literal["fast", "live"] = "fast"
    """A file alone runs as fast as it goes, or at the pace at which it was recorded."""
    open_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long a device or URL may take to answer."""

    @field_validator("camera", "mic", mode="before")
    @classmethod
    def _switched_off(cls, given: Any) -> Any:
        """YAML reads `off` and `no` as False, and who writes them wants no camera."""
        return "none" if given is False else given


class AsrConfig(Section):
    """Speech to text."""

    engine: Literal["auto", "vosk", "pocketsphinx", "none"] = "auto"
    """auto: Vosk where a model of it is found, else pocketsphinx."""
    model: Text | None = None
    """Vosk: a model's folder, or its name for Vosk's own download."""


class EngineConfig(Section):
    """What runs the networks."""

    name: Text = "onnxruntime"
    """One of `edge.engines.engine_names()`."""
    precision: Precision = "fp32"
    """Of the arithmetic; an engine refuses what it cannot do."""
    device: Text = "auto"
    """"auto", "cpu" or "cuda"; an engine may know more."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads a network; the networks are small, and the streams already have a thread each."""

    @property
    def options(self) -> EngineOptions:
        """As the engine takes them."""
        return EngineOptions(self.precision, self.threads, self.device)


class OutputConfig(Section):
    """Where verdicts go."""

    table: bool = True
    """The live table, where standard output is a terminal."""
    jsonl: Text | None = None
    """A file for one JSON line a step; "-" for standard output."""


class DashboardConfig(Section):
    """A page that shows the run while it runs."""

    show: bool = False
    """Serve it."""
    address: Text = "127.0.0.1:8766"
    """HOST:PORT. Off loopback a token is asked for; left out, any port if this one is taken."""
    token: Annotated[str, Field(min_length=16)] | None = None
    """What a page must know off loopback; None: made anew for each run and printed."""
    picture: bool = True
    """Show the picture, on this machine only."""
    browser: bool = True
    """Open it in a browser, where there is a terminal and a display."""


class RecordConfig(Section):
    """Recording for a replay; nothing is kept unless a folder is named."""

    folder: Text | None = None
    """A new folder for the recording."""
    raw: bool = False
    """Keep sound and picture themselves, not only what the networks take."""
    max_mb: Annotated[float, Field(gt=0, le=1e7)] = 10_000
    """The recording ends, and the run goes on, when it has become this large."""


class Config(Section):
    """Everything that `cdat-edge run` can be told."""

    bundle: Text | None = None
    """The bundle's folder; None: the one that comes with the package."""
    seconds: Annotated[float, Field(gt=0, le=1e7)] | None = None
    """Stop after this much time; None: at the end of the file, or when told to."""
    window: WindowConfig = WindowConfig()
    source: SourceConfig = SourceConfig()
    camera: CameraConfig = CameraConfig()
    asr: AsrConfig = AsrConfig()
    engine: EngineConfig = EngineConfig()
    output: OutputConfig = OutputConfig()
    record: RecordConfig = RecordConfig()
    dashboard: DashboardConfig = DashboardConfig()
