"""Verdicts over OSC, received by python-osc's own server."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from fixtures.command import Cli, complaint
from fixtures.live_demo import live_demo
from fixtures.verdicts import a_number, abstaining, several_labels, verdict
from fixtures.waiting import eventually
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer
from rich.console import Console

from edge.clock import HandClock
from edge.commands.encryption import Encryption
from edge.commands.network import add_network_outputs
from edge.commands.outputs import Outputs, Said
from edge.config import load_config
from edge.demo.script import demo_run
from edge.errors import ConfigError, SinkError
from edge.recognition.verdict import Verdict
from edge.sinks import osc
from edge.sinks.osc import OscOutput, parse_receiver
from edge.web.address import Address


class Receiver:
    """A server on loopback that keeps what comes."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, tuple[Any, ...]]] = []
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(
            lambda address, *arguments: self.messages.append((address, arguments))
        )
        self.server = ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher)
        self.port = int(self.server.server_address[1])
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def newest(self, address: str) -> tuple[Any, ...]:
        return self.all(address)[-1]

    def all(self, address: str) -> list[tuple[Any, ...]]:
        return [given for place, given in list(self.messages) if place == address]

    def has(self, address: str) -> bool:
        return any(place == address for place, _ in list(self.messages))

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


def send(receiver: Receiver, one: Verdict, prefix: str = "") -> None:
    """Returns when all its messages are there."""
    lost: list[str] = []
    output = OscOutput(
        f"127.0.0.1:{receiver.port}{prefix}", lambda cause, count: lost.append(cause), lost.append
    )
    output.write(one)
    output.close()
    assert not lost
    eventually(lambda: len(receiver.messages) == len(osc.messages(one)))


def test_a_label_with_its_probabilities_and_the_streams(receiver: Receiver) -> None:
    send(receiver, verdict(0, "dark"))
    assert receiver.newest("/emotion/abstains") == (0,)
    assert receiver.newest("/emotion/label") == ("happy", pytest.approx(0.8))
    probabilities = receiver.newest("/emotion/probabilities")
    assert probabilities == pytest.approx((0.2, 0.7, 0.1))
    assert receiver.newest("/emotion/probabilities/labels") == ("neutral", "happy", "sad")
    assert receiver.newest("/emotion/stream/audio") == (1, pytest.approx(0.9), "")
    assert receiver.newest("/emotion/stream/vision") == (0, pytest.approx(0.05), "dark")


def test_an_answer_that_is_withheld_is_empty(receiver: Receiver) -> None:
    send(receiver, abstaining(0))
    assert receiver.newest("/emotion/abstains") == (1,)
    assert receiver.newest("/emotion/label") == ("", -1.0)
    assert not receiver.has("/emotion/probabilities")
    assert receiver.newest("/emotion/stream/text") == (0, -1.0, "disconnected")


@pytest.mark.parametrize(
    ("labels", "likeliest", "abstains"),
    [(("happy", "sad"), "happy", 0), ((), "", 0), (None, "", 1)],
)
def test_several_labels(
    receiver: Receiver, labels: tuple[str, ...] | None, likeliest: str, abstains: int
) -> None:
    send(receiver, several_labels(0, labels))
    assert receiver.newest("/emotion/labels") == (labels or ())
    assert receiver.newest("/emotion/label")[0] == likeliest
    assert receiver.newest("/emotion/abstains") == (abstains,)


def test_a_number(receiver: Receiver) -> None:
    send(receiver, a_number(0, -1.25))
    assert receiver.newest("/emotion/value") == (-1.25, pytest.approx(0.8))
    assert not receiver.has("/emotion/label") and not receiver.has("/emotion/probabilities")


def test_a_number_that_is_withheld(receiver: Receiver) -> None:
    send(receiver, a_number(0, None))
    assert receiver.newest("/emotion/abstains") == (1,)
    assert not receiver.has("/emotion/value")


def test_another_prefix(receiver: Receiver) -> None:
    send(receiver, verdict(0), "/stage/mood/")
    assert {place.rpartition("/stage/mood")[0] for place, _ in receiver.messages} == {""}
    assert receiver.has("/stage/mood/label")


def test_what_cannot_be_sent_is_one_sentence_and_counted() -> None:
    lost: Counter[str] = Counter()
    notes: list[str] = []

    def count(cause: str, number: int) -> None:
        lost[cause] += number

    output = OscOutput("127.0.0.1:9", count, notes.append)
    many = {f"label {number}": 0.0 for number in range(10_000)}  # more than a datagram holds
    for seq in range(3):
        output.write(replace(verdict(seq), scores=many))
    output.close()
    assert lost == {"OSC cannot be sent": 3}
    assert notes == ["OSC cannot be sent to 127.0.0.1:9: Message too long; the run goes on."]


def test_a_second_outage_is_an_event_again() -> None:
    config = load_config(None, [], {"osc.address": "127.0.0.1:9", "asr.engine": "none"})
    told: list[str] = []
    with demo_run(config, 2, HandClock()) as run:
        run.telemetry.listen(lambda event, facts: told.append(event))
        outputs, say = Outputs(run), Said(Console(file=StringIO()))
        add_network_outputs(config, run, outputs, Encryption(config.tls), say)
        many = {f"label {number}": 0.0 for number in range(10_000)}
        for seq, scores in enumerate([many, many, {}, many]):
            outputs.write(replace(verdict(seq), scores=scores))
        eventually(lambda: told.count("osc_lost") == 2)
        outputs.close()
        say.close()
    assert told.count("osc_lost") == 2


def test_each_person_has_addresses_and_the_first_those_without_a_number(
    receiver: Receiver,
) -> None:
    steps = [
        {1: "sad", 2: "happy"},
        {1: "sad", 2: "happy"},
        {2: "neutral"},
        {2: "neutral", 4: "sad"},
    ]
    place = f"127.0.0.1:{receiver.port}/e"
    config = load_config(None, [], {"osc.address": place, "asr.engine": "none", "people": "all"})
    with demo_run(config, 2, HandClock()) as run:
        outputs, say = Outputs(run), Said(Console(file=StringIO()))
        add_network_outputs(config, run, outputs, Encryption(config.tls), say)
        for seq, people in enumerate(steps):
            for person, label in people.items():
                outputs.write(replace(verdict(seq), person=person, label=label))
        outputs.close()
        say.close()
    each = len(osc.messages(verdict(0)))
    # Of each step at the plain addresses, of each person with `present`, and of one that leaves.
    eventually(lambda: len(receiver.messages) == 4 * each + 7 * (each + 1) + 1)

    def labels(address: str) -> Counter[str]:  # each comes on a thread of its own
        return Counter(found[0] for found in receiver.all(address))

    assert labels("/e/label") == {"sad": 2, "neutral": 2}
    assert labels("/e/2/label") == {"happy": 2, "neutral": 2} and labels("/e/4/label") == {"sad": 1}
    assert Counter(receiver.all("/e/1/present")) == {(1,): 2, (0,): 1}
    assert Counter(receiver.all("/e/2/present")) == {(1,): 4}
    assert receiver.newest("/e/2/probabilities") == pytest.approx((0.2, 0.7, 0.1))


def test_a_voice_without_a_face_has_no_number(receiver: Receiver) -> None:
    send(receiver, replace(verdict(0), person=None))
    assert {place.split("/")[2] for place, _ in receiver.messages} == {
        *("abstains", "label", "probabilities", "stream")
    }


def test_nobody_who_listens_is_not_an_error() -> None:
    gone = Receiver()
    gone.close()
    notes: list[str] = []
    output = OscOutput(f"127.0.0.1:{gone.port}", lambda cause, count: None, notes.append)
    for seq in range(3):
        output.write(verdict(seq))
    output.close()
    assert not notes


@pytest.mark.parametrize(
    ("text", "place", "prefix"),
    [
        ("127.0.0.1:9000", Address("127.0.0.1", 9000), "/emotion"),
        ("host:9000/", Address("host", 9000), "/emotion"),
        ("[::1]:9/face/1", Address("::1", 9), "/face/1"),
        ("9000/face", Address("127.0.0.1", 9000), "/face"),
    ],
)
def test_an_address_with_a_prefix(text: str, place: Address, prefix: str) -> None:
    assert parse_receiver(text) == (place, prefix)


@pytest.mark.parametrize(
    "text", ["", "host", "host:0", "host:x/a", "host:1/a b", "host:1/a//b", "host:1/*", "host:1/ä"]
)
def test_any_other_address_names_its_key(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^osc\.address"):
        parse_receiver(text)


def test_an_unknown_host_is_one_sentence(cli: Cli) -> None:
    result = cli("demo", "--seconds", "6", "--osc", "no-such-host.invalid:9000")
    complaint(result, "osc.address", "no-such-host.invalid")


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osc, "find_spec", lambda name: None)
    with pytest.raises(SinkError, match=r"pip install 'cdat-edge\[outputs-osc\]'"):
        OscOutput("127.0.0.1:9", lambda cause, count: None, lambda sentence: None)


def test_a_run_is_received(receiver: Receiver) -> None:
    with live_demo("--osc", f"127.0.0.1:{receiver.port}/live"):
        eventually(lambda: receiver.has("/live/probabilities"))
    assert sum(receiver.newest("/live/probabilities")) == pytest.approx(1, abs=1e-4)
