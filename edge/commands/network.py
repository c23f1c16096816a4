"""The outputs over a network that a run's configuration asks for, each added to its `Outputs`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from edge.commands.encryption import Encryption
from edge.commands.outputs import Outputs, Said
from edge.config import Config, HttpConfig, MqttConfig
from edge.runtime.run import Run
from edge.types import NS_PER_S
from edge.web.reached import reached

MQTT_PASSWORD = "CDAT_MQTT_PASSWORD"


def add_network_outputs(
    config: Config, current: Run, outputs: Outputs, encryption: Encryption, say: Said
) -> None:
    """Open and add them, and say where each is.

    Raises:
        ConfigError, SinkError: One cannot be opened; those before it are in `outputs`.
    """
    if config.http.address is not None:
        _add_http(config.http, config.http.address, current, outputs, encryption, say)
    if config.mqtt.url is not None:
        _add_mqtt(config.mqtt, config.mqtt.url, current, outputs, say)
    if config.osc.address is not None:
        _add_osc(config.osc.address, current, outputs, say)
    if config.lsl.name is not None:
        _add_lsl(config.lsl.name, current, outputs, say, config.people != "nearest")


def _lost(current: Run, cause: str, count: int = 1) -> None:
    current.telemetry.drop("verdicts", cause, count)


def _add_http(
    config: HttpConfig,
    address: str,
    current: Run,
    outputs: Outputs,
    encryption: Encryption,
    say: Said,
) -> None:
    # Imported only by a run with this output.
    from edge.sinks.http.sink import HttpOutput

    output = HttpOutput(
        address,
        config.token,
        current.recognizer.step_ns / NS_PER_S,
        current.telemetry.drops_so_far,
        partial(_lost, current),
        partial(current.telemetry.note, event="http"),
        encryption.tls,
    )
    token = "" if output.token is None else f"; token {output.token}"
    say(f"HTTP: {reached(output.url)}/latest{token}", style="bold")
    encryption.tell(output.token, say)
    outputs.add("the HTTP output", lambda: output, everyone=True)


def _add_mqtt(config: MqttConfig, url: str, current: Run, outputs: Outputs, say: Said) -> None:
    from edge.sinks.mqtt.broker import parse_broker
    from edge.sinks.mqtt.discovery import discovery
    from edge.sinks.mqtt.sink import MqttOutput

    broker = parse_broker(url, "mqtt.url", os.environ.get(MQTT_PASSWORD))
    announced: Mapping[str, str] = {}
    if config.discovery is not None:
        announced = discovery(config.discovery, broker, current.bundle.manifest)
    output = MqttOutput(broker, announced, partial(_lost, current), current.telemetry.note)
    say(f"MQTT: {broker.topic('verdict')} at {broker}", style="bold")
    outputs.add("the MQTT output", lambda: output, everyone=True)


def _add_osc(address: str, current: Run, outputs: Outputs, say: Said) -> None:
    from edge.sinks.osc import OscOutput

    note = partial(current.telemetry.note, event="osc_lost")
    output = OscOutput(address, partial(_lost, current), note)
    say(f"OSC: {output.prefix} to {output.receiver}", style="bold")
    outputs.add("the OSC output", lambda: output, everyone=True)


def _add_lsl(name: str, current: Run, outputs: Outputs, say: Said, of_people: bool) -> None:
    from edge.sinks.lsl import TYPE, LslOutput

    step_s = current.recognizer.step_ns / NS_PER_S
    now_ns = None if current.offline else current.clock.now_ns
    output = LslOutput(name, current.bundle.manifest, step_s, now_ns)
    whose = ", of the first person alone" if of_people else ""
    say(f"LSL: the stream {name} of type {TYPE}{whose}", style="bold")
    outputs.add("the LSL output", lambda: output)
