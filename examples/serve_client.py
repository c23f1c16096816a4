"""A media file, sent to a `cdat-edge serve` as a browser would send it; prints the verdicts.

python examples/serve_client.py clip.mp4 ws://127.0.0.1:8780/session [TOKEN]

pip install av opencv-python websockets; nothing of cdat-edge is needed.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
from collections.abc import Iterator

import av
import cv2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


def pieces(file: str) -> Iterator[bytes]:
    """A header (1 for a picture or 2 for sound, and the time in nanoseconds), then the data."""
    to_16k = av.AudioResampler("s16", "mono", 16_000)
    with av.open(file) as media:
        for frame in media.decode(*media.streams.video[:1], *media.streams.audio[:1]):
            if isinstance(frame, av.VideoFrame):
                _, jpeg = cv2.imencode(".jpg", frame.to_ndarray(format="bgr24"))
                yield struct.pack("<B7xq", 1, round(frame.time * 1e9)) + jpeg.tobytes()
            elif isinstance(frame, av.AudioFrame):
                for sound in to_16k.resample(frame):
                    header = struct.pack("<B7xq", 2, round(sound.time * 1e9))
                    yield header + sound.to_ndarray().tobytes()


def send(server: ClientConnection, file: str) -> None:
    try:
        for piece in pieces(file):
            server.send(piece)  # waits when the server does
        server.send('{"finish": true}')
    except ConnectionClosed:  # the main thread says why
        pass


def main() -> None:
    file, url, *token = sys.argv[1:]
    headers = {"Authorization": f"Bearer {token[0]}"} if token else {}
    with av.open(file) as media:
        found = {"vision": media.streams.video, "audio": media.streams.audio}
    with connect(url, additional_headers=headers) as server:
        streams = [name for name, there in found.items() if there]
        server.send(json.dumps({"protocol": 1, "streams": streams, "wait": True}))
        threading.Thread(target=send, args=(server, file), daemon=True).start()
        for line in server:
            message = json.loads(line)
            if "verdict" in message:
                print(json.dumps(message["verdict"]), flush=True)
            elif "end" in message and message["code"] != 1000:
                raise SystemExit(message["end"])


if __name__ == "__main__":
    main()
