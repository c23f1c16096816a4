"""A bundle with other front-end parameters is detected, and the differences are named."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from edge.frontends import QUALITY, FrontEndParams
from edge.frontends.face import FaceParams
from edge.frontends.speech import SpeechParams
from edge.frontends.text import TextParams

KINDS = {"vision": ("face", FaceParams), "audio": ("speech", SpeechParams)}
KINDS["text"] = ("text", TextParams)
EVERY = [
    (stream, item.name) for stream, (_, kind) in KINDS.items() for item in dataclasses.fields(kind)
]


def altered(stream: str, name: str) -> FrontEndParams:
    field, kind = KINDS[stream]
    value = getattr(kind(), name)
    other: Any = value[:-1] if isinstance(value, tuple) else value + 1
    return FrontEndParams(**{field: dataclasses.replace(kind(), **{name: other})})


@pytest.mark.parametrize(("stream", "name"), EVERY)
def test_a_changed_parameter_changes_the_digest_and_is_named(stream: str, name: str) -> None:
    other = altered(stream, name)
    assert other.digest() != FrontEndParams().digest()
    told = FrontEndParams().difference(other.as_dict())
    assert told is not None and told.startswith(f"{stream}.{name} is ")


def test_the_same_parameters_have_no_difference_and_one_digest() -> None:
    again = FrontEndParams(FaceParams(), SpeechParams(), TextParams())
    assert FrontEndParams().difference(again.as_dict()) is None
    assert FrontEndParams().digest() == again.digest()


def test_parameters_survive_the_manifest() -> None:
    """Tuples come back as lists from JSON: no difference."""
    plain = json.loads(json.dumps(FrontEndParams().as_dict(), indent=2))
    assert FrontEndParams().difference(plain) is None


def test_the_digest_is_that_of_released_bundles() -> None:
    """After an intended change: raise the part's `version`, train again, write the new digest."""
    assert (
        FrontEndParams().digest()
        == "4dfb374c4cef3010660cff0d8f16c2f46a25f6392803f3a350e39ce77b1daa4d"
    )


def test_differences_are_described_in_words() -> None:
    theirs = FrontEndParams().as_dict()
    theirs["vision"]["size"] = 64
    assert FrontEndParams().difference(theirs) == "vision.size is 64 in the bundle, 48 here"


def test_a_changed_template_point_is_a_difference() -> None:
    theirs = FrontEndParams().as_dict()
    theirs["vision"]["template"][2][1] += 0.5
    told = FrontEndParams().difference(theirs)
    assert told is not None and "29.8" in told and "29.3" in told


def test_missing_and_unknown_parts_are_distinguished() -> None:
    ours = FrontEndParams()
    theirs = ours.as_dict()
    del theirs["audio"]["mels"]
    assert ours.difference(theirs) == "audio.mels is missing in the bundle, 64 here"
    theirs = ours.as_dict()
    theirs["text"]["lemma"] = "yes"
    assert ours.difference(theirs) == "text.lemma is yes in the bundle but unknown here"
    theirs = ours.as_dict()
    del theirs["vision"]
    assert ours.difference(theirs) == "vision is missing in the bundle"
    theirs = ours.as_dict()
    theirs["smell"] = {}
    assert ours.difference(theirs) == "smell is in the bundle but unknown here"


@pytest.mark.parametrize("nonsense", [None, [], "vision", 3, {}, {"vision": 3}, {"audio": None}])
def test_an_invalid_parameter_table_is_a_difference(nonsense: object) -> None:
    told = FrontEndParams().difference(nonsense)
    assert told is not None and ("missing" in told or "no front-end" in told)


def test_the_signals_of_each_stream_have_unique_names() -> None:
    assert set(QUALITY) == {"text", "audio", "vision"}
    names = [name for signals in QUALITY.values() for name in signals]
    assert len(names) == len(set(names)) == 16
