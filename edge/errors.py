"""Every error that a user can cause, as one tree. A message is one sentence: what, and what to do.

    EdgeError
    ├── ConfigError         a key, a value or a combination of options
    ├── SourceError         a camera, microphone, URL or file
    │   ├── DeviceError     no such device, no driver or library for it, or it went away
    │   └── MediaError      a file that is missing, empty, torn, or no media
    ├── BundleError         a bundle that is incomplete, altered or made for something else
    ├── EngineError         an inference engine that cannot be loaded or run
    ├── AsrError            a speech recogniser or its model
    ├── SinkError           an output that cannot be written
    ├── RecordingError      a recording that is missing, altered or made for something else
    └── DataError           a training file: missing, malformed or unsafe

The commands print the message on standard error and exit with 1; anything else is a bug.
"""

from __future__ import annotations


class EdgeError(Exception):
    """Root of the tree. `str(error)` is one sentence fit for a user."""


class ConfigError(EdgeError):
    """Names the key, the value and what is allowed."""


class SourceError(EdgeError):
    """Names the source."""


class DeviceError(SourceError):
    """Names the device and how to list what there is."""


class MediaError(SourceError):
    """Names the file and what is wrong with it."""


class BundleError(EdgeError):
    """Names the bundle's file or field and what differs."""


class EngineError(EdgeError):
    """Names the engine and the package or device it lacks."""


class AsrError(EdgeError):
    """Names the recogniser and where its model was looked for."""


class SinkError(EdgeError):
    """Names the output."""


class RecordingError(EdgeError):
    """Names the recording, what is wrong with it or what it was made with."""


class DataError(EdgeError):
    """Names the file and the field."""
