"""Simulated tracks: a fault is in the measured signals at once and disappears at its end."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import WindowSpec
from edge.errors import ConfigError
from edge.faults import CLEAN
from edge.frontends import QUALITY
from edge.types import STREAMS
from train.studies.faults.conditions import Conditions, check_window
from train.studies.faults.simulate import families
from train.studies.faults.study import Identities, cells
from train.studies.faults.timeline import Timeline

DURING, BEFORE = Timeline().during, Timeline().before
VISION, AUDIO = QUALITY["vision"], QUALITY["audio"]


@pytest.fixture(scope="module")
def identities(data_dir) -> Identities:
    conditions = Conditions(Bundle.load(default_bundle()), data_dir, 1, seed=1)
    return conditions.identities(Timeline(), "val")


def test_the_study_has_every_family_at_every_severity_and_pairs():
    names = {cell.name for cell in cells(1)}
    assert "clean" in names
    for stream in STREAMS:
        for family in families(stream):
            assert f"{stream}.{family}@0.6" in names
    assert sum(len(cell.faults) == 2 for cell in cells(1)) >= 20


@pytest.mark.slow
def test_darkness_is_judged_once_a_window_has_nothing_else_and_has_no_effect_afterwards(
    identities: Identities,
):
    brightness = VISION.index("brightness")
    dark = identities.tracks("vision", "dark", 1.0)[0].quality[:, brightness]
    clean = identities.tracks("vision")[0].quality[:, brightness]
    light, nothing_else = dark[DURING][:10], dark[DURING][-4:]  # a window has 12 steps
    assert nothing_else.max() < 0.1 < min(clean.min(), light.min())
    assert dark[-1] == pytest.approx(clean[-1], abs=0.05)
    np.testing.assert_array_equal(dark[BEFORE], clean[BEFORE])


@pytest.mark.slow
def test_a_stream_without_face_or_speech_for_a_second_is_not_usable(identities: Identities):
    gone = identities.tracks("vision", "no_face", 1.0)[0].usable
    late = identities.tracks("text", "late", 1.0)[0].usable
    assert gone[BEFORE].all() and not gone[DURING][6:].any() and gone[-1]
    assert late[BEFORE].all() and not late[DURING].any()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_identities(identities: Identities):
    again = Identities(identities._simulator, "val", 1, seed=1)
    np.testing.assert_array_equal(identities.items, again.items)
    one, two = identities.tracks("audio", CLEAN)[0], again.tracks("audio", CLEAN)[0]
    np.testing.assert_array_equal(one.embedding, two.embedding)
    assert one.embedding.shape == (len(DURING), 64)


def test_a_bundle_with_another_window_is_refused():
    with pytest.raises(ConfigError, match=r"windows of 3 s every 0\.25 s, .* for 2 s every 0\.5 s"):
        check_window(WindowSpec(duration_s=2.0, step_s=0.5))
    check_window(WindowSpec())
