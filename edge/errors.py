"""All errors that a user can cause. A message is one sentence: the problem, and what to do.

    EdgeError
    ├── ConfigError         a key, a value or a combination of options
    ├── SourceError         a camera, microphone, URL or file
    │   ├── DeviceError     a device that is missing, was lost, or has no driver or library
    │   └── MediaError      a file that is missing, empty, truncated, or not a media file
    ├── BundleError         a bundle that is incomplete, altered or made for something else
    ├── EngineError         an inference engine that cannot be loaded or run
    │   ├── PlanError       a compiled plan that is missing, damaged or made for another machine
    │   └── GoldenError     an engine whose outputs are not the bundle's golden ones
    ├── AsrError            a speech recogniser or its model
    ├── SinkError           an output that cannot be written
    ├── CorrectionError     a person's correction that is missing, damaged or cannot be measured
    ├── VerdictFileError    a file of verdicts that is missing, damaged or of several runs
    ├── RecordingError      a recording that is missing, altered or made for something else
    └── DataError           a training file: missing, malformed or unsafe

The commands print the message on standard error and exit with code 1. Other exceptions are bugs.
"""

from __future__ import annotations

DOCTOR = "`cdat-edge doctor` tells more"
"""The end of a sentence about what `edge.doctor` looks at, too."""


def first_line(error: BaseException) -> str:
    """The first line of what an error of a foreign library says, or else its type."""
    told = str(error).strip()
    return told.splitlines()[0][:300] if told else type(error).__name__


def pydantic_message(message: str) -> str:
    """What pydantic says of a value, without its mark of a check that is not its own."""
    return message.removeprefix("Value error, ")


class EdgeError(Exception):
    """Base class. `str(error)` is one sentence for the user."""


class ConfigError(EdgeError):
    """Names the key, the value and the valid values."""


class SourceError(EdgeError):
    """Names the source."""


class DeviceError(SourceError):
    """Names the device and what to check."""


class MediaError(SourceError):
    """Names the file and what is wrong with it."""


class BundleError(EdgeError):
    """Names the bundle's file or field and what differs."""


class EngineError(EdgeError):
    """Names the engine and the missing package or device."""


class PlanError(EngineError):
    """Names the graph and what is wrong with its plan; the network can still be compiled."""


class GoldenError(EngineError):
    """Names the output, and how far it is from the golden one."""


class AsrError(EdgeError):
    """Names the recogniser and where its model was searched."""


class SinkError(EdgeError):
    """Names the output."""


class CorrectionError(EdgeError):
    """Names the file, or what was measured, and what to do."""


class VerdictFileError(EdgeError):
    """Names the file of verdicts and the line."""


class RecordingError(EdgeError):
    """Names the recording, and the error or the bundle it was made with."""


class DataError(EdgeError):
    """Names the file and the field."""
