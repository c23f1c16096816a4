"""A media file, sent to a `cdat-edge serve` as a browser would send it; prints the verdicts.

python examples/serve_client.py clip.mp4 ws://127.0.0.1:8780/session [TOKEN]

When the connection is lost, it connects again and goes on after the last verdict.

pip install av opencv-python websockets; nothing of cdat-edge is needed.
"""

from __future__ import annotations

import heapq
import json
import struct
import sys
import threading
import time
from collections.abc import Iterator

import av
import cv2
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

HEADER = struct.Struct("<B7xq")
DONE, AGAIN, TRY_LATER = 1000, 1012, 1013
PAUSES_S = (0.25, 0.5, 1, 2)
GIVE_UP_S = 30


def pieces(file: str) -> Iterator[bytes]:
    """A header (1 for a picture or 2 for sound, and the time in nanoseconds), then the data.

    In the order of their times: in a file sound is often a second ahead of its pictures, and a
    server waits only half a second for the stream that is behind.
    """
    return heapq.merge(pictures(file), sounds(file), key=time_ns)


def pictures(file: str) -> Iterator[bytes]:
    with av.open(file) as media:
        for stream in media.streams.video[:1]:
            for frame in media.decode(stream):
                _, jpeg = cv2.imencode(".jpg", frame.to_ndarray(format="bgr24"))
                yield HEADER.pack(1, round(frame.time * 1e9)) + jpeg.tobytes()


def sounds(file: str) -> Iterator[bytes]:
    to_16k = av.AudioResampler("s16", "mono", 16_000)
    with av.open(file) as media:
        for stream in media.streams.audio[:1]:
            for frame in media.decode(stream):
                for sound in to_16k.resample(frame):
                    yield HEADER.pack(2, round(sound.time * 1e9)) + sound.to_ndarray().tobytes()


def time_ns(piece: bytes) -> int:
    return HEADER.unpack_from(piece)[1]


class Film:
    """A file on its way: `kept` was sent and has no verdict yet, so it may be sent again."""

    def __init__(self, file: str) -> None:
        self.kept: list[bytes] = []
        self._lock = threading.Lock()
        self._rest = pieces(file)

    def send(self, server: ClientConnection) -> None:
        try:
            for piece in self.kept[:]:
                server.send(piece)  # waits when the server does
            for piece in self._rest:
                with self._lock:
                    self.kept.append(piece)
                server.send(piece)
            server.send('{"finish": true}')
        except ConnectionClosed:  # the main thread says why
            pass

    def answered(self, until_ns: int) -> None:
        with self._lock:
            self.kept = [one for one in self.kept if time_ns(one) >= until_ns]


def session(server: ClientConnection, hello: str, film: Film) -> tuple[int, str, bool]:
    """One connection to its end: the code, the sentence, and whether there were verdicts."""
    sender = threading.Thread(target=film.send, args=(server,), daemon=True)
    code, sentence, answered = AGAIN, "The connection was lost.", False
    try:
        server.send(hello)
        for line in server:
            message = json.loads(line)
            if message.get("ready"):
                sender.start()
            elif "verdict" in message:
                print(json.dumps(message["verdict"]), flush=True)
                film.answered(message["verdict"]["span_ns"][1])
                answered = True
            elif "end" in message:
                code, sentence = message["code"], message["end"]
    except ConnectionClosed as closed:
        if closed.rcvd and closed.rcvd.code not in (DONE, AGAIN) and code == AGAIN:
            code, sentence = closed.rcvd.code, closed.rcvd.reason
    if sender.ident is not None:
        sender.join()
    return code, sentence, answered


def main() -> None:
    file, url, *token = sys.argv[1:]
    headers = {"Authorization": f"Bearer {token[0]}"} if token else {}
    with av.open(file) as media:
        found = {"vision": media.streams.video, "audio": media.streams.audio}
    streams = [name for name, there in found.items() if there]
    film, attempts, begun, lost_s = Film(file), 0, False, time.monotonic()
    while True:
        try:
            with connect(url, additional_headers=headers) as server:
                hello = {"protocol": 1, "streams": streams, "wait": True, "again": begun}
                code, sentence, answered = session(server, json.dumps(hello), film)
            if answered:
                attempts, begun, lost_s = 0, True, time.monotonic()
        except (OSError, InvalidHandshake) as error:
            code, sentence = AGAIN, str(error)
        if code == DONE:
            return
        again = code == AGAIN or (begun and code == TRY_LATER)
        if not begun or not again or time.monotonic() - lost_s > GIVE_UP_S:
            raise SystemExit(sentence)
        if attempts == 0:
            print("Connection lost, connecting again.", file=sys.stderr)
        time.sleep(PAUSES_S[min(attempts, len(PAUSES_S) - 1)])
        attempts += 1


if __name__ == "__main__":
    main()
