"""The runtime's configuration: its sections and their keys. Those of outputs are in `outputs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from edge.config.outputs import (
    DashboardConfig,
    HttpConfig,
    LslConfig,
    MqttConfig,
    OscConfig,
    OutputConfig,
    RecordConfig,
    TlsConfig,
)
from edge.config.section import Section, Text
from edge.config.serve import ServeConfig
from edge.engines import EngineOptions, Precision
from edge.frontends.face_tracks import PEOPLE_LIMIT


class WindowConfig(Section):
    """Sliding windows. A value that is not given is taken from the bundle."""

    duration_s: Annotated[float, Field(ge=0.2, le=60)] | None = None
    """Sound and video in one window."""
    step_s: Annotated[float, Field(ge=0.02, le=10)] | None = None
    """Time between verdicts."""
    text_s: Annotated[float, Field(ge=0.2, le=120)] | None = None
    """Words in one window."""
    min_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """No answer before the evidence of a stream reaches back over this share of `duration_s`."""


class CameraConfig(Section):
    """What is requested from a local camera. It may deliver another size or rate."""

    width: Annotated[int, Field(ge=16, le=7680)] = 640
    height: Annotated[int, Field(ge=16, le=4320)] = 480
    fps: Annotated[float, Field(gt=0, le=240)] = 30


class SourceConfig(Section):
    """Where sound and video come from."""

    file: Text | None = None
    """A media file. It provides both streams, except those that a device is named for. A folder:
    `cdat-edge run` processes every media file in it."""
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


class VisionConfig(Section):
    """Which pictures are looked at."""

    min_gap_ms: Annotated[float, Field(ge=0, le=1000)] = 45.0
    """A picture that was taken sooner after the last one looked at is only shown: of 25 a second
    every other one is looked at, of 20 or fewer all. 0: every picture. See docs/faults.md."""


class AsrConfig(Section):
    """Speech-to-text."""

    engine: Literal["auto", "vosk", "sherpa", "pocketsphinx", "none"] = "auto"
    """auto: Vosk or sherpa-onnx if a model for it is found, else pocketsphinx."""
    model: Text | None = None
    """The folder of a model; for Vosk also its name, or the URL of a .zip. See docs/asr.md."""
    limit_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Live, the recogniser is started again when it does not answer for this long."""
    load_limit_s: Annotated[float, Field(ge=4, le=600)] = 60.0
    """Live, it is started again when its model has not loaded by then. A download has no limit.
    Less than a run waits for its words, 3 s, would end the run in place of the loading."""


class GateConfig(Section):
    """Which streams may be used. The limits are the bundle's."""

    watch_mouth: bool = True
    """Do not use a face whose mouth stands still while a voice is heard (`not_this_face`)."""
    watch_person: bool = True
    """Of the nearest face: do not use another person's in its place (`other_person`)."""


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


class Config(Section):
    """The configuration of `cdat-edge run`."""

    bundle: Text | None = None
    """The bundle's folder. None: the bundle that is included in the package."""
    require_signed: Text | None = None
    """A file with the public key that must have signed the bundle. None: any bundle."""
    seconds: Annotated[float, Field(gt=0, le=1e7)] | None = None
    """Stop after this time. None: at the end of the file, or on a stop."""
    people: Literal["nearest", "all"] | Annotated[int, Field(ge=1, le=PEOPLE_LIMIT)] = "nearest"
    """Whose verdicts: of the nearest face, of all, or of so many at once. See docs/people.md."""
    person_correction: Text | None = None
    """The name or the file of a correction that `cdat-edge calibrate` has written; None: none. See
    docs/calibrate.md."""
    memory_max_mb: Annotated[float, Field(gt=0, le=1e7)] = 4_000
    """Of `cdat-edge run` and `demo`: above this resident memory a note is told, once. The run
    continues."""
    window: WindowConfig = WindowConfig()
    source: SourceConfig = SourceConfig()
    camera: CameraConfig = CameraConfig()
    vision: VisionConfig = VisionConfig()
    asr: AsrConfig = AsrConfig()
    engine: EngineConfig = EngineConfig()
    gate: GateConfig = GateConfig()
    output: OutputConfig = OutputConfig()
    record: RecordConfig = RecordConfig()
    dashboard: DashboardConfig = DashboardConfig()
    http: HttpConfig = HttpConfig()
    tls: TlsConfig = TlsConfig()
    mqtt: MqttConfig = MqttConfig()
    osc: OscConfig = OscConfig()
    lsl: LslConfig = LslConfig()
    serve: ServeConfig = ServeConfig()
