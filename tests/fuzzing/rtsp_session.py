"""What an RTSP camera says in a session, with FFmpeg's own packets."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
from fixtures.timecode import picture_of

PICTURES = 24
RATE_HZ = 10
"""By their stamps: FFmpeg looks at the first second before it hands over any."""
SOURCE = bytes.fromhex("1234abcd")
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY")
CODECS = {
    "libx264": ("96 H264/90000", {"preset": "ultrafast", "tune": "zerolatency", "g": "5"}),
    "mpeg4": ("96 MP4V-ES/90000", {"g": "5"}),
    "mjpeg": ("26 JPEG/90000", {"huffman": "default", "threads": "1"}),
    "libvpx": ("96 VP8/90000", {"deadline": "realtime", "g": "5"}),
}
"""By encoder: format number and name, as in the SDP, and the encoder's options."""


@dataclass(frozen=True)
class Session:
    """The answer to each method, None for silence; then messages, 4 ms apart; then the end."""

    answers: dict[str, bytes | None]
    stream: list[bytes]
    end: Literal["close", "silence"] = "close"

    def to_json(self) -> str:
        answers = {key: one and one.decode("latin-1") for key, one in self.answers.items()}
        stream = [one.decode("latin-1") for one in self.stream]
        return json.dumps({"answers": answers, "stream": stream, "end": self.end}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Session:
        kept = json.loads(text)
        answers = {key: one and one.encode("latin-1") for key, one in kept["answers"].items()}
        return cls(answers, [one.encode("latin-1") for one in kept["stream"]], kept["end"])


def session(encoder: str) -> Session:
    """One without damage: `PICTURES` pictures, a sender report, and a goodbye."""
    number, _, name = CODECS[encoder][0].partition(" ")
    sdp = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=Camera\r\nt=0 0\r\nc=IN IP4 0.0.0.0\r\n"
        f"m=video 0 RTP/AVP {number}\r\na=rtpmap:{number} {name}\r\n"
        f"a=fmtp:{number} packetization-mode=1\r\na=framerate:{RATE_HZ}\r\na=control:track0\r\n"
    )
    heads = (
        "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
        "Content-Base: rtsp://127.0.0.1/live/\r\nContent-Type: application/sdp\r\n",
        "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1234ABCD\r\nSession: 1;timeout=60\r\n",
        "Session: 1\r\nRange: npt=0.000-\r\nRTP-Info: url=track0;seq=1;rtptime=0\r\n",
    )
    answers: dict[str, bytes | None] = {}
    for place, (method, head) in enumerate(zip(METHODS, heads, strict=True)):
        body = sdp if method == "DESCRIBE" else ""
        answers[method] = _answer(f"CSeq: {place + 1}\r\n{head}", body.encode())
    packets = _packets(encoder)
    report = b"\x80\xc8\x00\x06" + SOURCE + bytes(20)
    goodbye = b"\x81\xcb\x00\x01" + SOURCE
    stream = [interleaved(0, packet) for packet in packets]
    stream.insert(len(stream) // 2, interleaved(1, report))
    return Session(answers, [*stream, interleaved(1, goodbye)])


def _answer(head: str, body: bytes) -> bytes:
    return f"RTSP/1.0 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def interleaved(channel: int, packet: bytes) -> bytes:
    """An RTP packet, or an RTCP packet in an odd channel, as it is within the connection."""
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


def _packets(encoder: str) -> list[bytes]:
    """FFmpeg's RTP packets of some pictures."""
    found: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(("127.0.0.1", 0))
        inbox.settimeout(30)

        def receive() -> None:
            while packet := inbox.recv(65_536):
                found.append(packet)

        reader = threading.Thread(target=receive, daemon=True)
        reader.start()
        port = inbox.getsockname()[1]
        with av.open(f"rtp://127.0.0.1:{port}", "w", format="rtp") as rtp:
            stream = rtp.add_stream(encoder, rate=RATE_HZ, options=CODECS[encoder][1])
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = 384, 96
            stream.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
            for number in range(PICTURES):
                picture = av.VideoFrame.from_ndarray(picture_of(number, 384, 96), format="bgr24")
                picture.pts, picture.time_base = number, Fraction(1, RATE_HZ)
                rtp.mux(stream.encode(picture))
            rtp.mux(stream.encode(None))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", port))
        reader.join()
    begin = int.from_bytes(found[0][4:8], "big")
    packets = [_same(packet, number, begin) for number, packet in enumerate(found)]
    return [_two_tables(packet) for packet in packets] if encoder == "mjpeg" else packets


def _same(packet: bytes, number: int, begin: int) -> bytes:
    """Without what is random: a seed gives the same session again."""
    stamp = (int.from_bytes(packet[4:8], "big") - begin) % 2**32
    numbers = number.to_bytes(2, "big") + stamp.to_bytes(4, "big")
    return packet[:2] + numbers + SOURCE + packet[12:]


def _two_tables(packet: bytes) -> bytes:
    """FFmpeg writes one quantization table and wants two (RFC 2435): the same for the colours."""
    head, length, rest = packet[:22], packet[22:24], packet[24:]
    first_of_picture = packet[13:16] == b"\0\0\0"
    if not first_of_picture or length != b"\0\x40":
        return packet
    return head + b"\0\x80" + rest[:64] + rest
