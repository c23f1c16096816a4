"""Recordings: the inputs of the recogniser on disk, so that a run can be replayed bit for bit.

A recording is a folder with `session.json`, `events.jsonl` and `blocks.bin`: see docs/replay.md.
"""

from edge.recording.recorder import Recorder

__all__ = ["Recorder"]
