"""Recordings: what reached the recogniser, written down so that it can be replayed bit for bit.

A recording is a folder: `session.json`, `events.jsonl`, `blocks.bin`; see docs/replay.md.
"""

from edge.recording.recorder import Recorder

__all__ = ["Recorder"]
