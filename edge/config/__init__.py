"""The runtime's configuration: its sections, and how it is loaded."""

from __future__ import annotations

from edge.config.load import load_config
from edge.config.schema import (
    AsrConfig,
    CameraConfig,
    Config,
    DashboardConfig,
    EngineConfig,
    HttpConfig,
    LslConfig,
    MqttConfig,
    OscConfig,
    OutputConfig,
    RecordConfig,
    Section,
    SourceConfig,
    Text,
    WindowConfig,
)

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
    "SourceConfig",
    "Text",
    "WindowConfig",
    "load_config",
]
