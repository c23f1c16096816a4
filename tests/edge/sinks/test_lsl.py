"""Verdicts as a Lab Streaming Layer stream, taken by a real inlet."""

from __future__ import annotations

import builtins
import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from fixtures.command import Cli, complaint
from fixtures.live_demo import live_demo
from fixtures.verdicts import a_number, abstaining, several_labels, verdict
from fixtures.waiting import LIMIT_S
from rich.console import Console

from edge.bundle.load import default_bundle, read_manifest
from edge.bundle.manifest import Manifest
from edge.clock import HandClock
from edge.commands.encryption import Encryption
from edge.commands.network import add_network_outputs
from edge.commands.outputs import Outputs, Said
from edge.config import load_config
from edge.demo.script import demo_run
from edge.errors import SinkError
from edge.recognition.verdict import Verdict
from edge.sinks import lsl
from edge.sinks.lsl import LslOutput
from edge.types import NS_PER_S

try:
    import pylsl
except RuntimeError:
    pytest.skip("liblsl is not installed", allow_module_level=True)


@pytest.fixture
def manifest() -> Manifest:
    labels = ("neutral", "happy", "sad")
    return read_manifest(default_bundle()).model_copy(update={"labels": labels})


@pytest.fixture
def name() -> str:
    """No other run on this network has it."""
    return f"test {secrets.token_hex(8)}"


class Inlet:
    """Finds a stream by its name, and takes its samples."""

    def __init__(self, name: str) -> None:
        found = pylsl.resolve_byprop("name", name, timeout=LIMIT_S)
        self.inlet = pylsl.StreamInlet(found[0], recover=False)
        self.info = self.inlet.info(LIMIT_S)
        self.inlet.open_stream(LIMIT_S)

    def labels(self) -> list[str]:
        channel = self.info.desc().child("channels").child("channel")
        found = []
        while not channel.empty():
            found.append(channel.child_value("label"))
            channel = channel.next_sibling()
        return found

    def pull(self) -> tuple[list[float], float]:
        sample, stamp = self.inlet.pull_sample(LIMIT_S)
        assert sample is not None
        return sample, stamp

    def close(self) -> None:
        self.inlet.close_stream()


def taken(manifest: Manifest, name: str, one: Verdict) -> dict[str, float]:
    """What an inlet gets of a verdict, by channel."""
    output = LslOutput(name, manifest, 0.25, time.monotonic_ns)
    inlet = Inlet(name)
    output.write(one)
    sample, _ = inlet.pull()
    inlet.close()
    output.close()
    return dict(zip(inlet.labels(), sample, strict=True))


def test_probabilities_confidence_and_reliability(manifest: Manifest, name: str) -> None:
    sample = taken(manifest, name, verdict(0, "dark"))
    assert sample == pytest.approx(
        {
            **{"neutral": 0.2, "happy": 0.7, "sad": 0.1, "confidence": 0.8},
            **{"reliability text": 0.9, "reliability audio": 0.9, "reliability vision": 0.05},
        }
    )


def test_what_there_is_not_is_nan(manifest: Manifest, name: str) -> None:
    assert all(math.isnan(value) for value in taken(manifest, name, abstaining(0)).values())


def test_several_labels_have_their_thresholds_in_the_description(
    manifest: Manifest, name: str
) -> None:
    several = manifest.model_copy(update={"task": "multilabel", "thresholds": (0.5, 0.25, 0.4)})
    output = LslOutput(name, several, 0.25, time.monotonic_ns)
    inlet = Inlet(name)
    output.write(several_labels(0, ("happy",)))
    assert inlet.pull()[0][:3] == pytest.approx([0.2, 0.7, 0.1])
    first = inlet.info.desc().child("channels").child("channel")
    assert first.child_value("threshold") == "0.5"
    inlet.close()
    output.close()


@pytest.mark.parametrize("value", [-1.25, None])
def test_a_number(manifest: Manifest, name: str, value: float | None) -> None:
    number = a_number(0, value).number
    one = manifest.model_copy(update={"task": "regression", "number": number, "labels": ("mood",)})
    sample = taken(one, name, a_number(0, value))
    assert list(sample)[:2] == ["mood", "confidence"]
    assert sample["mood"] == pytest.approx(math.nan if value is None else value, nan_ok=True)


def test_a_bundle_without_a_stream_has_no_channel_for_it(manifest: Manifest, name: str) -> None:
    streams = {"audio": manifest.streams["audio"]}
    one = manifest.model_copy(update={"streams": streams})
    channels = [key for key in taken(one, name, verdict(0)) if key.startswith("reliability")]
    assert channels == ["reliability audio"]


def test_stamps_are_window_ends_on_the_clock_of_lsl(manifest: Manifest, name: str) -> None:
    # A clock of the run that is 1000 s behind LSL's.
    def now_ns() -> int:
        return int((pylsl.local_clock() - 1000) * NS_PER_S)

    output = LslOutput(name, manifest, 0.25, now_ns)
    inlet = Inlet(name)
    stamps = []
    for seq in range(2):
        output.write(verdict(seq))
        stamps.append(inlet.pull()[1])
    ends = [verdict(seq).span_ns[1] / NS_PER_S + 1000 for seq in range(2)]
    assert stamps == pytest.approx(ends, abs=0.05)
    assert inlet.info.nominal_srate() == 4
    inlet.close()
    output.close()


def test_a_file_at_full_speed_begins_now(manifest: Manifest, name: str) -> None:
    output = LslOutput(name, manifest, 0.25, None)
    inlet = Inlet(name)
    before_s = pylsl.local_clock()
    for seq in range(2):
        output.write(verdict(seq))
    after_s = pylsl.local_clock()
    first_s, second_s = inlet.pull()[1], inlet.pull()[1]
    assert before_s <= first_s <= after_s
    assert second_s - first_s == pytest.approx(0.25)
    inlet.close()
    output.close()


def test_with_people_the_stream_is_of_the_first_person_and_says_so(name: str) -> None:
    config = load_config(None, [], {"lsl.name": name, "asr.engine": "none", "people": 3})
    told = StringIO()
    with demo_run(config, 2, HandClock()) as run:
        outputs, say = Outputs(run), Said(Console(file=told, width=200))
        add_network_outputs(config, run, outputs, Encryption(config.tls), say)
        inlet = Inlet(name)
        for seq, people in enumerate(((1, 2), (1, 2), (2, 3))):
            for person in people:
                outputs.write(replace(verdict(seq), person=person, confidence=person / 10))
        place = inlet.labels().index("confidence")
        sure = [inlet.pull()[0][place] for _ in range(3)]
        inlet.close()
        outputs.close()
        say.close()
    assert sure == pytest.approx([0.1, 0.1, 0.2])
    assert f"LSL: the stream {name} of type Emotion, of the first person alone" in told.getvalue()


def test_nobody_who_reads_stops_nothing(manifest: Manifest, name: str) -> None:
    output = LslOutput(name, manifest, 0.25, None)
    for seq in range(2000):
        output.write(verdict(seq))
    output.close()


def test_a_missing_package_is_one_sentence(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsl, "find_spec", lambda name: None)
    with pytest.raises(SinkError, match=r"pip install 'cdat-edge\[outputs-lsl\]'"):
        LslOutput("x", manifest, 0.25, None)


@pytest.mark.parametrize("given", ["", "a\tb", "x" * 201])
def test_a_name_that_cannot_be_used_is_one_sentence(cli: Cli, given: str) -> None:
    complaint(cli("demo", "--seconds", "6", "--lsl", given), "lsl.name: must")


@pytest.fixture
def _pylsl_without_its_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(name: str, *arguments: Any) -> Any:
        if name == "pylsl":
            raise RuntimeError("LSL binary library file was not found.")
        return real(name, *arguments)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", refuse)
    yield


@pytest.mark.usefixtures("_pylsl_without_its_library")
def test_a_missing_library_is_one_sentence(manifest: Manifest) -> None:
    with pytest.raises(SinkError, match="PYLSL_LIB"):
        LslOutput("x", manifest, 0.25, None)


def test_a_run_is_taken_by_an_inlet(name: str) -> None:
    with live_demo("--lsl", name) as said:
        inlet = Inlet(name)
        samples = [inlet.pull() for _ in range(3)]
        labels = inlet.labels()
        inlet.close()
    assert "INFO|" not in "".join(said)
    assert labels[:2] == ["neutral", "happy"]
    assert sum(samples[-1][0][:7]) == pytest.approx(1, abs=1e-4)
    steps = [(b[1] - a[1]) / 0.25 for a, b in pairwise(samples)]
    assert steps == pytest.approx([round(one) for one in steps]) and min(steps) > 0.5
