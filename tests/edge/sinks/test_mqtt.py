"""Verdicts over MQTT, through mosquitto, read by another client; templates by Jinja, which Home
Assistant uses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fixtures.mosquitto import Mosquitto, Subscriber
from fixtures.verdicts import a_number, abstaining, several_labels, verdict
from fixtures.waiting import eventually

from edge.bundle.load import default_bundle, read_manifest
from edge.bundle.manifest import Manifest
from edge.errors import SinkError
from edge.recognition.verdict import Verdict, verdict_schema
from edge.sinks.mqtt import connection
from edge.sinks.mqtt import sink as mqtt_sink
from edge.sinks.mqtt.broker import parse_broker
from edge.sinks.mqtt.discovery import discovery
from edge.sinks.mqtt.sink import AWAY, MqttOutput, answer_text
from edge.sinks.output_thread import OutputThread

VERDICT, LABEL, AVAILABILITY = "home/mood/verdict", "home/mood/label", "home/mood/availability"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_manifest(default_bundle())


class Published:
    """An output, what it lost, and what it said."""

    def __init__(
        self,
        broker: Mosquitto,
        scheme: str = "mqtt",
        announced: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.lost: Counter[str] = Counter()
        self.told: list[tuple[str, str]] = []
        self.output = MqttOutput(
            parse_broker(broker.url.replace("mqtt", scheme, 1), "mqtt.url"),
            announced,
            self._count,
            lambda sentence, event: self.told.append((event, sentence)),
        )

    def _count(self, cause: str, count: int) -> None:
        self.lost[cause] += count

    def is_up(self) -> bool:
        return self.output._connection.is_up


Publish = Callable[..., Published]


@pytest.fixture
def publish() -> Iterator[Publish]:
    opened: list[Published] = []

    def make(*arguments: Any) -> Published:
        opened.append(Published(*arguments))
        return opened[-1]

    yield make
    for one in opened:
        one.output.close()


def test_each_verdict_the_label_and_the_availability(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    mosquitto.start()
    with Subscriber(mosquitto) as heard:
        one = publish(mosquitto)
        heard.hears(AVAILABILITY, "online")
        eventually(one.is_up)
        for seq in range(3):
            one.output.write(verdict(seq))
        one.output.write(abstaining(3))
        heard.hears(LABEL, "abstains")
        lines = [json.loads(line) for line in heard.heard(VERDICT)]
        assert lines[:3] == [json.loads(verdict(seq).to_json()) for seq in range(3)]
        jsonschema.validate(lines[0], verdict_schema())
        assert heard.heard(LABEL) == ["happy", "abstains"]
        one.output.close()
        heard.hears(AVAILABILITY, "offline")
        assert heard.heard(VERDICT)[3:] == [json.dumps(abstaining(3).to_dict())]
    with Subscriber(mosquitto) as late:
        late.hears(LABEL, "abstains")
        late.hears(AVAILABILITY, "offline")
        assert not late.heard(VERDICT)
    assert not one.lost and not one.told


def test_each_person_has_a_topic_below_the_one_of_the_first_person(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    mosquitto.start()
    with Subscriber(mosquitto) as heard:
        one = publish(mosquitto)
        eventually(one.is_up)
        heard.hears(AVAILABILITY, "online")
        for seq, people in enumerate([(1, 2), (1, 2), (2,)]):
            for person in people:
                given = replace(verdict(seq), person=person)
                one.output.write(given if person == 1 else replace(given, label="sad"))
        heard.hears(LABEL, "sad")
        found = {
            topic: [(line["seq"], line["person"]) for line in map(json.loads, heard.heard(topic))]
            for topic in (VERDICT, f"{VERDICT}/1", f"{VERDICT}/2")
        }
        assert found == {
            VERDICT: [(0, 1), (1, 1), (2, 2)],
            f"{VERDICT}/1": [(0, 1), (1, 1)],
            f"{VERDICT}/2": [(0, 2), (1, 2), (2, 2)],
        }
        assert heard.heard(LABEL) == ["happy", "sad"]
        assert (heard.heard(f"{LABEL}/1"), heard.heard(f"{LABEL}/2")) == (["happy"], ["sad"])
    with Subscriber(mosquitto) as late:  # a number is of one run: it is not kept for the next
        late.hears(LABEL, "sad")
        assert not late.heard(f"{LABEL}/1")
    assert not one.lost


def test_a_broker_that_is_down_at_first_is_used_once_it_is_there(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    one = publish(mosquitto)
    eventually(lambda: one.told)
    for seq in range(5):
        one.output.write(verdict(seq))
    assert one.lost == {AWAY: 5}
    mosquitto.start()
    eventually(one.is_up)
    with Subscriber(mosquitto) as heard:
        one.output.write(verdict(5))
        heard.hears(VERDICT, verdict(5).to_json())
        heard.hears(LABEL, "happy")
        heard.hears(AVAILABILITY, "online")
    where = f"The MQTT broker 127.0.0.1:{mosquitto.port}"
    assert one.told == [
        (
            "mqtt_lost",
            f"{where} cannot be reached: Connection refused; it is tried again and again.",
        ),
        ("mqtt_back", f"{where} is connected again."),
    ]


def test_a_broker_that_dies_is_connected_again_and_gets_the_label_again(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    mosquitto.start()
    announced = {"homeassistant/sensor/x/config": "{}"}
    one = publish(mosquitto, "mqtt", announced)
    eventually(one.is_up)
    one.output.write(verdict(0))
    mosquitto.kill()
    eventually(lambda: not one.is_up())
    one.output.write(verdict(1))
    mosquitto.start()  # it has forgotten what was retained
    eventually(one.is_up)
    with Subscriber(mosquitto) as heard:
        one.output.write(verdict(2))
        heard.hears(LABEL, "happy")
        heard.hears(AVAILABILITY, "online")
        heard.hears("homeassistant/sensor/x/config", "{}")
        assert json.loads(heard.heard(VERDICT)[-1])["seq"] == 2
    assert one.lost[AWAY] >= 1
    assert [event for event, _ in one.told] == ["mqtt_lost", "mqtt_back"]


def test_a_broker_that_hangs_delays_no_verdict_and_not_the_end(mosquitto: Mosquitto) -> None:
    mosquitto.start()
    one = Published(mosquitto)
    eventually(one.is_up)
    apart = OutputThread("the MQTT output", lambda: one.output, waiting=4)
    mosquitto.freeze()
    for seq in range(20_000):  # more than the kernel keeps
        apart.write(verdict(seq))
    apart.close()
    assert apart.lost + sum(one.lost.values()) > 1000


def test_a_broker_that_hangs_is_lost(
    mosquitto: Mosquitto, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "KEEPALIVE_S", 1)
    mosquitto.start()
    one = publish(mosquitto)
    eventually(one.is_up)
    mosquitto.freeze()
    eventually(lambda: [event for event, _ in one.told] == ["mqtt_lost"])


def test_a_file_at_full_speed_loses_nothing(mosquitto: Mosquitto) -> None:
    mosquitto.start()
    with Subscriber(mosquitto) as heard:
        one = Published(mosquitto)
        apart = OutputThread("the MQTT output", lambda: one.output, lossless=True)
        for seq in range(500):
            apart.write(verdict(seq))
        apart.close()
        heard.hears(AVAILABILITY, "offline")
        assert [json.loads(line)["seq"] for line in heard.heard(VERDICT)] == list(range(500))
    assert not one.lost


def test_tls_and_a_certificate_that_is_not_trusted(
    mosquitto: Mosquitto, publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    mosquitto.encrypt(certificate, key)
    mosquitto.start()
    stranger = publish(mosquitto, "mqtts")
    eventually(lambda: stranger.told)
    assert "certificate verify failed" in stranger.told[0][1]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    one = publish(mosquitto, "mqtts")
    eventually(one.is_up)
    one.output.write(verdict(0))
    one.output.close()
    assert not one.lost and not one.told


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    here = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (verdict(0), "happy"),
        (abstaining(0), "abstains"),
        (several_labels(0, ("happy", "sad")), "happy, sad"),
        (several_labels(0, ()), "none of the labels"),
        (several_labels(0, None), "abstains"),
        (a_number(0, -1.25), "-1.25"),
        (a_number(0, None), "abstains"),
    ],
)
def test_the_label_of_each_kind_of_answer(one: Verdict, text: str) -> None:
    assert answer_text(one.to_dict()) == text


def entities(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """What Home Assistant is told, by the last part of its unique_id."""
    broker = parse_broker("mqtt://host/home/mood", "mqtt.url")
    told = discovery("homeassistant", broker, manifest)
    return {topic.split("/")[3]: json.loads(text) if text else {} for topic, text in told.items()}


def shown(entity: dict[str, Any], one: Verdict, key: str = "value_template") -> str:
    """What Home Assistant makes of a verdict: it renders a template with `value`, the payload, and
    with `value_json`."""
    line = one.to_dict()
    known = {VERDICT: json.dumps(line), LABEL: answer_text(line)}
    payload = known[entity["state_topic"]]
    template = jinja2.Environment().from_string(entity[key])
    as_json = line if entity["state_topic"] == VERDICT else None
    return template.render(value=payload, value_json=as_json)


def test_home_assistant_shows_label_confidence_and_streams(manifest: Manifest) -> None:
    found = entities(manifest)
    assert set(found) == {"label", "confidence", "text", "audio", "vision"}
    assert len({one["unique_id"] for one in found.values()}) == len(found)
    assert {one["availability_topic"] for one in found.values()} == {AVAILABILITY}
    dark = verdict(0, "dark")
    assert shown(found["label"], dark) == "happy"
    assert shown(found["confidence"], dark) == "0.8"
    assert [shown(found[name], dark) for name in ("audio", "vision")] == ["ON", "OFF"]
    reason = shown(found["vision"], dark, "json_attributes_template")
    assert json.loads(reason) == {
        "reason": "dark",
        "corrected": False,
        "correction": "off",
    }
    corrected = replace(dark, corrected=("audio",))
    told = [
        shown(found[name], corrected, "json_attributes_template")
        for name in ("text", "audio", "vision")
    ]
    assert [json.loads(one)["corrected"] for one in told] == [False, True, False]
    assert {json.loads(one)["correction"] for one in told} == {"on"}
    assert shown(found["confidence"], abstaining(0)) == "None"  # "unknown" to Home Assistant
    assert shown(found["vision"], abstaining(0)) == "OFF"


def test_home_assistant_shows_a_number_with_its_unit(manifest: Manifest) -> None:
    number = a_number(0, 1.5).number
    found = entities(manifest.model_copy(update={"task": "regression", "number": number}))
    assert found["label"]["unit_of_measurement"] == "points"
    assert shown(found["label"], a_number(0, 1.5)) == "1.5"
    assert shown(found["label"], a_number(0, None)) == "None"


def test_home_assistant_forgets_a_stream_that_the_bundle_lacks(manifest: Manifest) -> None:
    streams = {"audio": manifest.streams["audio"]}
    found = entities(manifest.model_copy(update={"streams": streams}))
    assert found["audio"] and not found["vision"] and not found["text"]


def test_prefixes_that_differ_have_sensors_of_their_own(manifest: Manifest) -> None:
    told = [
        set(discovery("homeassistant", parse_broker(f"mqtt://h/{prefix}", "key"), manifest))
        for prefix in ("a/b", "a_b", "ä/b")
    ]
    assert not told[0] & told[1] and not told[0] & told[2] and not told[1] & told[2]


def test_a_missing_package_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, mosquitto: Mosquitto
) -> None:
    monkeypatch.setattr(mqtt_sink, "find_spec", lambda name: None)
    with pytest.raises(SinkError, match=r"pip install 'cdat-edge\[outputs-mqtt\]'"):
        Published(mosquitto)
