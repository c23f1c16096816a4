"""Live, with a function that is called when the label changes or a stream is dropped.

python examples/live_callback.py                      camera 0 and the default microphone
python examples/live_callback.py rtsp://host/stream none
"""

from __future__ import annotations

import sys

import edge


def on_change(verdict: edge.Verdict) -> None:
    dropped = {n: s.reason for n, s in verdict.streams.items() if s.state == "dropped"}
    print(verdict.wall_time, verdict.label or "unsure", dropped or "all streams used", flush=True)


def main(camera: str = "0", mic: str = "default", seconds: str = "0") -> None:
    before = None
    with edge.open(camera=camera, mic=mic, seconds=float(seconds) or None) as run:
        for verdict in run:
            now = verdict.label, verdict.mask
            if now != before:
                on_change(verdict)
                before = now


if __name__ == "__main__":
    main(*sys.argv[1:])
