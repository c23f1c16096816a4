"""`cdat-train voices` on sound that is made: voices that differ, and voices that do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.bundle.load import Bundle, default_bundle
from edge.errors import ConfigError
from train.metrics import auroc
from train.studies.voices import runs
from train.studies.voices.candidates import CANDIDATES
from train.studies.voices.command import measure_voices
from train.studies.voices.hops import Hops, measure_hops
from train.studies.voices.pitch import pitch_hz
from train.studies.voices.study import draw, judge
from train.studies.voices.trials import Condition, pairs, speakers_of

SPEAKERS, CLIPS, LONG = 6, 30, 25


def corpus(name: str, own: float, seed: int) -> Hops:
    """Six speakers of 30 clips of 2.5 s; `own`: how much their spectra differ."""
    rng = np.random.default_rng(seed)
    spectra = own * rng.normal(0, 1, (SPEAKERS, 1, 1, 64))
    count = SPEAKERS * CLIPS
    noise = rng.normal(0, 1, (SPEAKERS, CLIPS * LONG, 10, 64))
    return Hops(
        mel=(spectra + noise).reshape(-1, 10, 64).astype(np.float16),
        pitch=np.exp(rng.normal(5, 0.2, (count * LONG, 10))).astype(np.float16),
        embedding=rng.normal(0, 1, (count * LONG, 8)).astype(np.float16),
        clip=np.repeat(np.arange(count), LONG),
        persons=np.repeat([f"{name}/{at}" for at in range(SPEAKERS)], CLIPS),
        labels=np.tile(np.arange(3), count // 3),
        women=np.repeat(np.arange(SPEAKERS) % 2 == 0, CLIPS),
    )


@pytest.mark.parametrize(("own", "low", "high"), [(0.5, 0.95, 1.0), (0.0, 0.35, 0.65)])
@pytest.mark.parametrize("name", ["spectrum", "spectrum and pitch, projected"])
def test_voices_are_told_apart_only_where_they_differ(
    name: str, own: float, low: float, high: float
) -> None:
    hops = {one: corpus(one, own, seed) for seed, one in enumerate(("first", "second"))}
    drawn = {one: draw(those, 20, 1) for one, those in hops.items()}
    candidate = next(one for one in CANDIDATES if one.name == name)
    for judged in judge(candidate, hops, drawn, 1).pairs["3 s"].values():
        assert len(judged.score) > 200
        assert low <= auroc(judged.score, judged.other) <= high


@pytest.mark.parametrize("emotions", ["equal", "other"])
def test_pairs_have_the_speakers_and_emotions_of_their_condition(emotions: str) -> None:
    hops = corpus("one", 0.5, 1)
    condition = Condition("some", 3.0, 5.0, emotions, one_sex=True)
    found = pairs(speakers_of(hops), condition, 5, np.random.default_rng(1))
    assert len(found) == 2 * 5 * SPEAKERS
    for pair in found:
        window, before = hops.clip[pair.window], hops.clip[pair.reference]
        assert len(window) == 30 and len(before) == 50
        assert not set(pair.window) & set(pair.reference)
        assert set(hops.persons[before]) == {pair.owner}
        assert (set(hops.persons[window]) == {pair.owner}) is not pair.other
        assert len(set(hops.women[window]) | set(hops.women[before])) == 1
        assert len(set(hops.labels[window])) == 1
        same = set(hops.labels[window]) == set(hops.labels[before])
        assert (
            same if emotions == "equal" else not set(hops.labels[before]) & set(hops.labels[window])
        )


def test_a_limit_allows_the_false_alarms_that_it_may_and_no_more() -> None:
    # 100 runs of a minute, whose highest scores are 1 to 100.
    stays = [np.concatenate([np.zeros(119), [float(at)]]) for at in range(1, 101)]
    limit = runs.limit_for(stays, 0.05)
    alarms, minutes = runs.alarms(stays, limit)
    assert limit == 95.0 and alarms.sum() == 5 and minutes.sum() == pytest.approx(100)
    changes = [np.array([1.0, 96.0]), np.array([1.0, 2.0])]
    assert runs.found(changes, limit).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("hz", [80.0, 150.0, 400.0])
def test_the_pitch_of_a_tone_with_overtones_is_its_own(hz: float) -> None:
    at_s = np.arange(16_000) / 16_000
    tone = sum(np.sin(2 * np.pi * hz * k * at_s) / k for k in range(1, 6))
    found = pitch_hz(np.asarray(tone, np.float32), 16_000, 160, 50)
    assert found.shape == (50,) and np.abs(found / hz - 1).max() < 0.03


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    assert np.isnan(pitch_hz(noise, 16_000, 160, 90)).mean() > 0.95


@pytest.mark.slow
def test_the_hops_of_a_corpus_hold_voice_and_pitch(data_dir: Path, tmp_path: Path) -> None:
    bundle = Bundle.load(default_bundle())
    hops = measure_hops(data_dir, "emovo", bundle, 2, 3, tmp_path)
    assert len(hops.persons) == 6 and len(set(hops.persons)) == 2
    assert hops.mel.shape[1:] == (10, 64) and np.isfinite(hops.mel).all()
    assert np.isfinite(hops.embedding).all() and np.ptp(hops.embedding) > 0
    assert np.isfinite(hops.pitch).mean() > 0.4


@pytest.mark.parametrize(
    ("corpora", "sentence"),
    [("emovo,urdu", "urdu is not one of ravdess"), ("emovo", "needs two or more")],
)
def test_corpora_that_cannot_be_judged_are_named(corpora: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        measure_voices(Bundle.load(default_bundle()), None, corpora, 2, 2, 1)
