"""The runtime's configuration: its sections, and how it is loaded."""

from __future__ import annotations

from edge.config.load import load_config
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
from edge.config.schema import (
    AsrConfig,
    CameraConfig,
    Config,
    EngineConfig,
    SourceConfig,
    WindowConfig,
)
from edge.config.section import Section, Text
from edge.config.serve import ServeConfig

__all__ = [
    "AsrConfig",
    "CameraConfig",
    "Config",
    "DashboardConfig",
    "EngineConfig",
    "HttpConfig",
    "LslConfig",
    "MqttConfig",
    "OscConfig",
    "OutputConfig",
    "RecordConfig",
    "Section",
    "ServeConfig",
    "SourceConfig",
    "Text",
    "TlsConfig",
    "WindowConfig",
    "load_config",
]
