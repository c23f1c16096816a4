"""A session: pushed pictures and sound give verdicts; an error is one sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import edge
from edge.errors import ConfigError, EdgeError, SourceError
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Frame, Word

FRAME_NS = 40 * NS_PER_MS
GREY = np.full((120, 160, 3), 100, np.uint8)


def sound(count: int = 640) -> np.ndarray:
    return 0.01 * np.random.default_rng(0).standard_normal(count).astype(np.float32)


@pytest.fixture
def session() -> Iterator[edge.Session]:
    with edge.Session(asr="none") as opened:
        yield opened


def push(session: edge.Session, begin: int, end: int) -> list[edge.Verdict]:
    verdicts = []
    for k in range(begin, end):
        verdicts += session.push_frame(GREY, k * FRAME_NS)
        verdicts += session.push_samples(sound(), k * FRAME_NS)
    return verdicts


def test_windows_close_when_both_streams_have_passed_their_end(session: edge.Session) -> None:
    verdicts = push(session, 0, 50)
    assert [v.span_ns[1] for v in verdicts] == [k * NS_PER_S // 4 for k in range(1, 8)]
    assert verdicts[0].span_ns[0] == 0
    assert verdicts[-1].streams["vision"].reason == "no_face"
    assert verdicts[-1].streams["audio"].age_ms is not None
    assert [v.seq for v in session.finish()] == [7]


def test_a_stream_that_stops_is_not_waited_for_longer_than_half_a_second(
    session: edge.Session,
) -> None:
    push(session, 0, 25)
    late = [v for k in range(25, 75) for v in session.push_frame(GREY, k * FRAME_NS)]
    assert late[-1].span_ns[1] >= 2 * NS_PER_S
    assert late[-1].streams["audio"].reason == "stale"


def test_the_same_pushes_give_the_same_verdicts() -> None:
    found = []
    for _ in range(2):
        with edge.Session(asr="none") as session:
            lines = [v.to_dict() for v in push(session, 0, 40)]
        found.append([{**v, "latency_ms": 0, "wall_time": 0} for v in lines])
    assert found[0] == found[1]


def test_a_session_gives_the_verdicts_of_a_file_run() -> None:
    """The pushed packets of a source give the states, reasons and scores of `edge.open`."""
    frames = [Frame(k * FRAME_NS, GREY, k) for k in range(75)]
    samples = sound(48_000)

    class Both:
        name, streams = "both", frozenset({"vision", "audio"})

        def open(self) -> None: ...

        def packets(self) -> Iterator[Frame | Chunk]:
            for k, frame in enumerate(frames):
                yield frame
                piece = samples[k * 640 : (k + 1) * 640]
                yield Chunk(k * FRAME_NS, piece, 16_000, k * 640)

        def close(self) -> None: ...

        def report(self) -> edge.SourceReport:
            return edge.SourceReport()

    from edge.runtime.feed import Feed
    from edge.runtime.run import Run

    feed = Feed(Both(), frozenset({"vision", "audio"}), lossless=True)
    from edge.config import load_config

    config = load_config(None, [], {"asr.engine": "none"})
    with Run(config, lambda clock: [feed]) as run:
        wanted = list(run)
    with edge.Session(asr="none") as session:
        found = []
        for k, frame in enumerate(frames):
            found += session.push_frame(frame.bgr, frame.t_ns)
            found += session.push_samples(samples[k * 640 : (k + 1) * 640], k * FRAME_NS)
        found += session.finish()
    assert len(found) >= 11
    for one, other in zip(found, wanted, strict=False):
        assert (one.label, one.scores, one.mask) == (other.label, other.scores, other.mask)
        assert one.streams == other.streams


def test_pushed_words_are_a_stream(session: edge.Session) -> None:
    push(session, 0, 25)
    words = [Word("wonderful", NS_PER_S // 2, NS_PER_S * 9 // 10, 0.9)]
    session.push_words(words, NS_PER_S)
    verdict = push(session, 25, 40)[-1]
    assert verdict.transcript == "wonderful" and verdict.streams["text"].coverage > 0


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
@pytest.mark.parametrize("channels", [None, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_sound_of_any_rate_channels_and_type(
    rate_hz: int, channels: int | None, dtype: type
) -> None:
    count = rate_hz // 10
    piece = 0.1 * np.sin(np.arange(count) * 0.1)
    piece = (piece * 32767).astype(dtype) if dtype is np.int16 else piece.astype(dtype)
    piece = piece if channels is None else np.stack([piece] * channels, axis=1)
    with edge.Session(streams=["audio"], asr="none") as session:
        verdicts = []
        for k in range(20):
            verdicts += session.push_samples(piece, k * NS_PER_S // 10, rate_hz)
    assert verdicts[-1].streams["audio"].age_ms is not None
    assert verdicts[-1].streams["audio"].age_ms <= 110


def test_a_gap_in_the_sound_restarts_the_stream_and_drift_does_not() -> None:
    with edge.Session(streams=["audio"], asr="none") as session:
        drifting: list[edge.Verdict] = []
        for k in range(60):  # 200 ppm fast
            drifting += session.push_samples(sound(1600), k * NS_PER_S // 10 - k * 20_000)
        assert (drifting[-1].streams["audio"].age_ms or 1e9) < 300
        after = session.push_samples(sound(8000), 7 * NS_PER_S)
        # Half a second of sound after a hole is too short for an embedding.
        assert (after[-1].streams["audio"].age_ms or 0) > 1000


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda s: s.push_frame(GREY, None), "needs its capture time"),
        (lambda s: s.push_frame(GREY, 1.5), "whole nanoseconds"),
        (lambda s: s.push_samples(sound(), None), "needs its capture time"),
        (lambda s: s.push_frame(GREY, 23 * FRAME_NS), "order of their capture times"),
        (lambda s: s.push_samples(sound(), 20 * FRAME_NS), "order of their capture times"),
        (lambda s: s.push_frame(GREY[..., 0], NS_PER_S), "(height, width, 3)"),
        (lambda s: s.push_frame(GREY.astype(np.float32), NS_PER_S), "uint8"),
        (lambda s: s.push_samples(sound()[None, None], NS_PER_S), "(n, channels)"),
        (lambda s: s.push_samples(sound().astype(np.int32), NS_PER_S), "int16"),
        (lambda s: s.push_samples(sound(), NS_PER_S, 8000), "use one rate"),
    ],
)
def test_invalid_pushes_are_refused_in_one_sentence_without_loss(
    session: edge.Session, wrong: object, says: str
) -> None:
    push(session, 0, 25)
    with pytest.raises(SourceError) as error:
        wrong(session)  # type: ignore[operator]
    assert says in str(error.value) and "\n" not in str(error.value)
    assert push(session, 25, 34)[-1].seq == 4


def test_a_stream_that_was_not_named_cannot_be_pushed() -> None:
    with (
        edge.Session(streams=["vision"], asr="none") as session,
        pytest.raises(SourceError, match="name audio in streams"),
    ):
        session.push_samples(sound(), 0)


@pytest.mark.parametrize("streams", [[], ["smell"], ["text"]])
def test_unknown_streams_are_refused(streams: list[str]) -> None:
    with pytest.raises(ConfigError, match="give vision, audio, or both"):
        edge.Session(streams=streams)  # type: ignore[arg-type]


def test_a_session_without_a_bundle_is_an_error_of_one_sentence() -> None:
    with pytest.raises(EdgeError, match="nowhere"):
        edge.Session(bundle="nowhere")
