"""What training sees of a moment is what the live windows held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock, HandClock
from edge.config import load_config
from edge.demo.script import Script
from edge.frontends import FrontEndParams
from edge.recognition.recognizer import Recognizer
from edge.recording import events
from edge.recording.log import read_log
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S, STREAMS, Observation, Utterance, Word
from train.corpora.recorded.samples import Sample
from train.corpora.recorded.views import View
from train.stages.recorded.moments import Moments, Speech, sample_of
from train.stages.recorded.readings import Items, Readings, readings
from train.stages.stream_windows import ABSENT, Collector, StreamWindows

SECONDS = 3
WINDOW = WindowSpec(duration_s=1.5, step_s=0.25, text_s=10.0)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's script as a file would be run."""
    folder = tmp_path_factory.mktemp("recording") / "clip"
    script = Script(100)  # all is well for 25 s

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(script.frame, script.samples, 12, SECONDS, clock)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    run = Run(load_config(None, [], {"record.folder": str(folder)}), feeds)
    assert list(run.verdicts())
    return folder


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(default_bundle())


@pytest.fixture(scope="module")
def networks(bundle: Bundle) -> Networks:
    return Networks(bundle)


@pytest.fixture(scope="module")
def read(
    recording: Path, bundle: Bundle, networks: Networks, tmp_path_factory: pytest.TempPathFactory
) -> Readings:
    cache = tmp_path_factory.mktemp("cache")
    made = readings(recording, bundle, networks, cache, "key")
    again = readings(recording / "gone", bundle, networks, cache, "key")  # from the cache
    assert np.array_equal(made.items["vision"].embedding, again.items["vision"].embedding)
    assert made.heard == again.heard
    return made


def made_of(
    networks: Networks, read: Readings, sample: Sample, *more: tuple[View, Readings]
) -> dict[str, StreamWindows]:
    manifest = Bundle.load(default_bundle()).manifest
    typical = {s: np.array(manifest.streams[s].typical_quality, np.float32) for s in STREAMS}
    speech = Speech(FrontEndParams().text, lambda ids: networks.encode("text", ids)[0])
    moments = Moments(WINDOW, speech, typical, manifest.fusion.embedding_size, WINDOW.step_s)
    out = {stream: Collector() for stream in STREAMS}
    views = [(View("clip"), read), *more]
    moments.add(out, sample, views, 3, 7, np.random.default_rng(0))
    return {stream: StreamWindows(**one.arrays()) for stream, one in out.items()}


def whole(words: tuple[Word, ...] | None = None) -> Sample:
    return Sample("one", "clip", 0.0, None, "happy", "me", None, words)


@pytest.mark.slow
def test_every_window_is_the_live_one(
    recording: Path, bundle: Bundle, networks: Networks, read: Readings
) -> None:
    """Embedding and signals of each step, of a recogniser that takes the recorded items."""
    clock = HandClock()
    live = Recognizer(bundle, networks, clock, WINDOW)
    for event, tensor in read_log(recording):
        if isinstance(event, events.Observed):
            quality = np.array(event.quality, np.float32)
            live.observe(event.stream, Observation(event.t_ns, tensor, quality, event.detail))
        elif isinstance(event, events.Read):
            said = [
                Utterance(
                    one.index,
                    tuple(Word(w.text, w.start_ns, w.end_ns, w.confidence) for w in one.words),
                    one.final,
                    one.heard_ns,
                )
                for one in event.utterances
            ]
            live.accept_utterances(said, event.heard_ns)
    made = made_of(networks, read, whole())
    first_ns = read.begin_ns + NS_PER_S
    ends_ns = [*range(first_ns, read.end_ns, NS_PER_S // 4), read.end_ns]
    for stream in ("audio", "vision"):
        rows = np.unique(made[stream].item, return_index=True)[1]
        assert len(rows) == len(ends_ns)
        for row, end_ns in zip(rows, ends_ns, strict=True):
            window = live.snapshot(end_ns, None).windows[stream]
            nothing = np.zeros(64, np.float32)
            expected = nothing if window.embedding is None else window.embedding
            assert window.quality is not None
            assert np.array_equal(made[stream].embedding[row], expected)
            assert np.array_equal(made[stream].quality[row], window.quality)
    last = live.snapshot(read.end_ns, None).windows["text"]
    row = np.unique(made["text"].item, return_index=True)[1][-1]
    assert last.embedding is not None
    assert np.array_equal(made["text"].embedding[row], last.embedding)
    live.close()


def test_a_sample_is_a_span_of_its_recording(networks: Networks, read: Readings) -> None:
    """Three quarters of the second second: no item from before, or from after."""
    made = made_of(networks, read, Sample("one", "clip", 1.0, 1.75, "happy", "me", None, None))
    assert len(np.unique(made["vision"].item)) == 1  # it is shorter than the first moment
    items = read.items["vision"]
    t_ns = items.t_ns - read.begin_ns
    inside = (t_ns >= NS_PER_S) & (t_ns <= 1.75 * NS_PER_S)
    assert 0 < inside.sum() < len(t_ns)
    weights = np.exp(items.logit[inside] - items.logit[inside].max())
    expected = weights / weights.sum() @ items.embedding[inside]
    assert made["vision"].embedding[0] == pytest.approx(expected, abs=1e-5)


def test_all_streams_of_a_moment_share_their_item(networks: Networks, read: Readings) -> None:
    made = made_of(networks, read, whole())
    moments = {stream: set(one.item.tolist()) for stream, one in made.items()}
    assert moments["text"] == moments["audio"] == moments["vision"]
    assert set(sample_of(made["text"].item).tolist()) == {7}
    assert set(made["audio"].label.tolist()) == {3}


def test_words_of_a_transcript_take_the_place_of_the_recognised_ones(
    networks: Networks, read: Readings
) -> None:
    half_ns = NS_PER_S // 2
    words = tuple(
        Word(text, place * half_ns, (place + 1) * half_ns, 1.0)
        for place, text in enumerate(("what", "a", "wonderful", "day"))
    )
    said, silent = (made_of(networks, read, whole(some))["text"] for some in (words, ()))
    rows = np.unique(said.item, return_index=True)[1]
    # After one second two of the words have been said.
    assert said.quality[rows[0]][3] == 2 and said.quality[rows[-1]][3] == 4
    assert not silent.embedding.any() and not silent.evidence.any()
    assert set(silent.fault.tolist()) == {"no_words"}


def test_a_stream_that_was_not_recorded_is_absent(networks: Networks, read: Readings) -> None:
    nothing = read.items["vision"]
    empty = Items(
        nothing.t_ns[:0],
        nothing.quality[:0],
        nothing.embedding[:0],
        nothing.encoded[:0],
        nothing.logit[:0],
    )
    deaf = Readings(read.begin_ns, read.end_ns, read.items | {"vision": empty}, read.heard)
    made = made_of(networks, deaf, whole())["vision"]
    assert set(made.fault.tolist()) == {ABSENT} and not made.evidence.any()


def test_a_fault_that_begins_in_a_window_is_made_of_both_views(
    networks: Networks, read: Readings
) -> None:
    items = read.items["vision"]
    other = np.roll(items.embedding, 1, axis=1)
    worse = Items(items.t_ns, items.quality * 0, other, items.encoded, items.logit)
    amiss = Readings(read.begin_ns, read.end_ns, read.items | {"vision": worse}, [])
    view = View("clip", 1, {"vision": ("dark", 0.8)})
    one = made_of(networks, read, whole(), (view, amiss))["vision"]
    first = np.unique(one.item, return_index=True)[1]
    added = np.setdiff1d(np.arange(len(one)), first)
    assert len(added) == len(first)
    assert (one.fault[first] == "clean").all() and (one.share[first] == 1).all()
    always = added[(one.fault[added] == "dark") & (one.share[added] == 1)]
    lately = added[one.share[added] < 1]
    assert always.size and lately.size
    assert np.array_equal(one.embedding[always], one.target[always])
    assert not one.quality[always].any()
    assert (one.embedding[lately] != one.target[lately]).any(axis=1).any()
    clean = {int(i): row for i, row in zip(one.item[first], first, strict=True)}
    gone = lately[one.fault[lately] == "clean"]  # the present is well again
    for row in gone:
        assert np.array_equal(one.target[row], one.embedding[clean[int(one.item[row])]])
