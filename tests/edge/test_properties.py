"""Any input is accepted, or refused with an `EdgeError`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml
from fixtures.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import default_bundle, read_manifest
from edge.bundle.manifest import GateSpec, ReliabilitySpec
from edge.config import Config, load_config
from edge.errors import BundleError, ConfigError
from edge.recognition.gate import GateState, Sensed, decide
from edge.recognition.reasons import REASONS
from edge.recognition.transcript import Transcript
from edge.recognition.verdict import StreamVerdict, Verdict, verdict_schema
from edge.recognition.window import ReadingRing
from edge.types import MASKS, NS_PER_S, STREAMS, Reading, Utterance, Word

FEW = examples(60)
SCALAR = (
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20)
)
TREE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12) | st.sampled_from(list(Config.model_fields)), inner)
    ),
    max_leaves=12,
)


@FEW
@given(tree=TREE)
def test_any_yaml_is_a_configuration_or_an_error_of_one_sentence(tmp_path: Path, tree: Any) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    try:
        assert isinstance(load_config(path, [], {}), Config)
    except ConfigError as error:
        assert str(error) and "\n" not in str(error)


@FEW
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_an_error_of_one_sentence(
    tmp_path: Path, raw: bytes
) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(raw)
    try:
        assert isinstance(load_config(path, [], {}), Config)
    except ConfigError as error:
        assert str(error) and "\n" not in str(error)


@FEW
@given(setting=st.text(max_size=40))
def test_any_setting_is_accepted_or_an_error_of_one_sentence(setting: str) -> None:
    try:
        load_config(None, [setting], {})
    except ConfigError as error:
        assert str(error)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((default_bundle() / "manifest.json").read_text("utf-8"))
    return loaded


def spots(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON tree."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, (dict, list)) and value:
            found += spots(value, (*path, key))
    return found


@examples(200)
@given(data=st.data())
def test_a_manifest_changed_anywhere_is_read_or_refused(
    tmp_path: Path, manifest: dict[str, Any], data: st.DataObject
) -> None:
    changed = json.loads(json.dumps(manifest))
    *parents, last = data.draw(st.sampled_from(spots(manifest)))
    at = changed
    for key in parents:
        at = at[key]
    at[last] = data.draw(TREE)
    (tmp_path / "manifest.json").write_text(json.dumps(changed), "utf-8")
    try:
        read_manifest(tmp_path)
    except BundleError as error:
        assert str(error) and "\n" not in str(error)


@FEW
@given(raw=st.binary(max_size=200))
def test_a_manifest_of_any_bytes_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(raw)
    with pytest.raises(BundleError):
        read_manifest(tmp_path)


PROBABILITY = st.floats(0, 1)
STREAM = st.builds(
    StreamVerdict,
    st.sampled_from(["used", "dropped", "absent"]),
    st.none() | st.sampled_from(REASONS),
    st.none() | PROBABILITY,
    st.none() | st.floats(0, 1e9),
    PROBABILITY,
)


@FEW
@given(
    stream=STREAM,
    transcript=st.text(),
    span=st.tuples(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62)),
    scores=st.dictionaries(st.text(max_size=9), PROBABILITY, max_size=7),
    ms=st.floats(0, 1e9),
)
def test_every_verdict_is_one_line_valid_by_the_schema(
    stream: StreamVerdict,
    transcript: str,
    span: tuple[int, int],
    scores: dict[str, float],
    ms: float,
) -> None:
    streams = dict.fromkeys(STREAMS, stream)
    verdict = Verdict(7, span, None, scores, None, (), streams, transcript, {"total": ms})
    line = verdict.to_json()
    assert len(line.encode("utf-8", "surrogatepass").splitlines()) == 1
    assert json.loads(line)["transcript"] == transcript
    jsonschema.validate(json.loads(line), verdict_schema())


MOMENT = st.integers(0, 40 * NS_PER_S)
WORD = st.builds(Word, st.text(max_size=5), MOMENT, MOMENT, PROBABILITY)
UTTERANCE = st.builds(
    Utterance, st.integers(0, 5), st.lists(WORD, max_size=4).map(tuple), st.booleans(), MOMENT
)


@FEW
@given(messages=st.lists(UTTERANCE, max_size=12), end_ns=MOMENT)
def test_a_transcript_accepts_revisions_in_any_order(
    messages: list[Utterance], end_ns: int
) -> None:
    transcript = Transcript(10 * NS_PER_S)
    for message in messages:
        transcript.revise(message)
    newest = {message.index: message for message in messages}
    for word in transcript.words(0, end_ns):
        said = replace(word, final=True)
        among = [u.final for u in newest.values() if said in u.words]
        assert word.final in among
        assert 0 < word.end_ns <= end_ns
    if messages:
        assert transcript.heard_ns == max(message.heard_ns for message in messages)


@FEW
@given(times=st.lists(MOMENT, max_size=50), embedded=st.booleans(), end_ns=MOMENT)
def test_a_window_accepts_readings_in_any_order(
    times: list[int], embedded: bool, end_ns: int
) -> None:
    ring = ReadingRing(3 * NS_PER_S)
    for t_ns in times:
        value = np.array([t_ns / NS_PER_S], np.float32)
        ring.push(Reading(t_ns, value, value if embedded else None, 0.0, 0))
    start_ns = end_ns - 3 * NS_PER_S
    window = ring.window(start_ns, end_ns, NS_PER_S // 4)
    inside = [t_ns for t_ns in times if start_ns < t_ns <= end_ns]
    assert (window.quality is not None) == bool(inside)
    assert 0 <= window.coverage <= 1
    if inside:
        assert window.silence_ns == end_ns - max(inside)
    if inside and embedded:
        assert window.embedding is not None
        assert window.embedding[0] == pytest.approx(np.mean(inside) / NS_PER_S, rel=1e-3, abs=1e-6)


SPEC = GateSpec(
    reliability={name: ReliabilitySpec(drop=0.3, readmit=0.4) for name in STREAMS},
    interference_margin=0.1,
    smoothing=0.6,
    readmit_steps=3,
    abstain_below=0.2,
)
SENSED = st.builds(
    lambda confidence, reliability, usable: Sensed(
        np.array(confidence, np.float32),
        np.array(reliability, np.float32),
        frozenset(usable),
        {},
        {},
    ),
    st.lists(st.floats(0, 1, width=32), min_size=7, max_size=7),
    st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3),
    st.sets(st.sampled_from(STREAMS)),
)


@FEW
@given(steps=st.lists(SENSED, min_size=1, max_size=20))
def test_the_gate_uses_only_what_is_usable_and_names_its_mask(steps: list[Sensed]) -> None:
    state = GateState()
    for sensed in steps:
        state, decision = decide(SPEC, state, sensed)
        assert decision.used <= sensed.usable
        if decision.used:
            assert decision.row is not None and set(MASKS[decision.row]) == decision.used
            assert decision.confidence is not None and 0 <= decision.confidence <= 1
        else:
            assert decision.row is None and decision.abstains
