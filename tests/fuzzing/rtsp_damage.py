"""Damages what an RTSP camera says: status lines, headers, SDP, packets, their order, the end."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from fuzzing.mutation import LIMITS, mutate
from fuzzing.rtsp_session import METHODS, Session, interleaved

STATUS = (
    "100 Continue",
    "301 Moved\r\nLocation: rtsp://127.0.0.1:1/live",
    "302 Found\r\nLocation: ",
    '401 Unauthorized\r\nWWW-Authenticate: Digest realm="a", nonce="b", algorithm=MD5',
    '401 Unauthorized\r\nWWW-Authenticate: Basic realm="a"',
    "454 Session Not Found",
    "461 Unsupported Transport",
    "503 Service Unavailable",
    "-1 ",
    "99999999999 OK",
)


def damaged(whole: Session, rng: np.random.Generator) -> Session:
    """One damage, or some. One session in ten ends in silence, which costs the client's time."""
    made = replace(whole, answers=dict(whole.answers), stream=list(whole.stream))
    for _ in range(int(min(4, rng.geometric(0.6)))):
        DAMAGES[int(rng.integers(len(DAMAGES)))](made, rng)
    return replace(made, end="silence" if rng.random() < 0.1 else "close")


def _some(made: Session, rng: np.random.Generator) -> tuple[str, bytes]:
    method = METHODS[int(rng.integers(len(METHODS)))]
    return method, made.answers[method] or b""


def _bytes_of_answer(made: Session, rng: np.random.Generator) -> None:
    method, answer = _some(made, rng)
    made.answers[method] = mutate(answer, rng)


def _number_in_answer(made: Session, rng: np.random.Generator) -> None:
    method, answer = _some(made, rng)
    if numbers := list(re.finditer(rb"\d+", answer)):
        one = numbers[int(rng.integers(len(numbers)))]
        value = int(rng.choice(LIMITS)) * (-1 if rng.random() < 0.3 else 1)
        made.answers[method] = answer[: one.start()] + b"%d" % value + answer[one.end() :]


def _lines_of_answer(made: Session, rng: np.random.Generator) -> None:
    method, answer = _some(made, rng)
    lines = answer.split(b"\r\n")
    at, to = (int(rng.integers(len(lines))) for _ in range(2))
    line = lines[at] if rng.random() < 0.5 else lines.pop(at)
    lines[to:to] = [line] * int(rng.choice([0, 1, 2, 300]))
    made.answers[method] = b"\r\n".join(lines)


def _status(made: Session, rng: np.random.Generator) -> None:
    method, answer = _some(made, rng)
    status = STATUS[int(rng.integers(len(STATUS)))].encode()
    made.answers[method] = answer.replace(b"200 OK", status, 1)


def _sdp(made: Session, rng: np.random.Generator) -> None:
    """Damaged, with the right length: the client reads it whole."""
    head, _, body = (made.answers["DESCRIBE"] or b"").partition(b"\r\n\r\n")
    body = mutate(body, rng)
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
    made.answers["DESCRIBE"] = head + b"\r\n\r\n" + body


def _silence(made: Session, rng: np.random.Generator) -> None:
    if rng.random() < 0.2:
        made.answers[_some(made, rng)[0]] = None


def _packet(made: Session, rng: np.random.Generator) -> None:
    """Some packets damaged, with the right length before them."""
    for _ in range(int(rng.integers(1, 6)) if made.stream else 0):
        at = int(rng.integers(len(made.stream)))
        whole = made.stream[at]
        packet = mutate(whole[4:], rng)[:65_535]
        made.stream[at] = interleaved(whole[1] if len(whole) > 1 else 0, packet)


def _stream(made: Session, rng: np.random.Generator) -> None:
    made.stream[:] = [mutate(b"".join(made.stream), rng)]


def _order(made: Session, rng: np.random.Generator) -> None:
    if made.stream:
        count = int(rng.integers(1, 2 * len(made.stream)))
        places = rng.integers(len(made.stream), size=count)
        made.stream[:] = [made.stream[int(place)] for place in places]


def _answer_between(made: Session, rng: np.random.Generator) -> None:
    """An answer, or a request of the server, in the stream."""
    _, answer = _some(made, rng)
    if rng.random() < 0.5:
        answer = answer.replace(b"RTSP/1.0 200 OK", b"OPTIONS * RTSP/1.0", 1)
    made.stream.insert(int(rng.integers(len(made.stream) + 1)), answer)


def _cut(made: Session, rng: np.random.Generator) -> None:
    """The end comes early, also within a packet."""
    at = int(rng.integers(len(made.stream) + 1))
    del made.stream[at + 1 :]
    if at < len(made.stream):
        made.stream[at] = made.stream[at][: int(rng.integers(len(made.stream[at]) + 1))]


DAMAGES = (
    _bytes_of_answer,
    _number_in_answer,
    _lines_of_answer,
    _status,
    _sdp,
    _silence,
    _packet,
    _stream,
    _order,
    _answer_between,
    _cut,
)
