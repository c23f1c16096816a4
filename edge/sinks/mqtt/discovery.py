"""Home Assistant's MQTT discovery: retained messages that describe sensors to it.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from edge import __version__
from edge.bundle.manifest import Manifest
from edge.sinks.mqtt.broker import Broker
from edge.types import STREAMS

STATE_MAX = 255
"""Characters of a state. Home Assistant refuses a longer one."""


def discovery(discovered_at: str, broker: Broker, manifest: Manifest) -> Mapping[str, str]:
    """Payloads by topic: the answer, its confidence, and for each stream whether it is used.

    A payload is empty for a stream that the bundle lacks: it removes what an earlier run announced.

    Args:
        discovered_at: Home Assistant's discovery prefix.
    """
    node = _node(broker.prefix)
    common = {
        "availability_topic": broker.topic("availability"),
        "device": {
            "identifiers": [node],
            "name": f"cdat-edge {broker.prefix}",
            "model": manifest.name,
            "sw_version": __version__,
        },
        "origin": {"name": "cdat-edge", "sw_version": __version__},
    }
    verdict = {"state_topic": broker.topic("verdict")}
    entities: dict[tuple[str, str], dict[str, Any]] = {
        ("sensor", "label"): _answer(broker, manifest),
        ("sensor", "confidence"): {
            **verdict,
            "name": "Confidence",
            "value_template": "{{ value_json.confidence }}",
            "state_class": "measurement",
            "suggested_display_precision": 2,
        },
    }
    for name in STREAMS:
        stream = f"value_json.streams.{name}"
        entities["binary_sensor", name] = {
            **verdict,
            "name": f"{name.capitalize()} used",
            "value_template": f"{{{{ 'ON' if {stream}.state == 'used' else 'OFF' }}}}",
            # Not the whole stream: its age differs in each verdict, and all would be stored.
            "json_attributes_topic": broker.topic("verdict"),
            "json_attributes_template": _attributes(name, stream),
        }
    payloads = {}
    for (component, name), entity in entities.items():
        known = name not in STREAMS or name in manifest.streams
        told = {**common, **entity, "unique_id": f"{node}_{name}"}
        topic = f"{discovered_at}/{component}/{node}/{name}/config"
        payloads[topic] = json.dumps(told, ensure_ascii=False) if known else ""
    return payloads


def _attributes(name: str, stream: str) -> str:
    corrected = f"'{name}' in (value_json.corrected or [])"
    on = "'off' if value_json.corrected is sameas false else 'on'"
    told = f"'reason': {stream}.reason, 'corrected': {corrected}, 'correction': {on}"
    return f"{{{{ {{{told}}} | tojson }}}}"


def _answer(broker: Broker, manifest: Manifest) -> dict[str, Any]:
    if manifest.number is None:
        return {
            "name": "Labels" if manifest.task == "multilabel" else "Label",
            "state_topic": broker.topic("label"),
            "value_template": f"{{{{ value[:{STATE_MAX}] }}}}",
        }
    number = {
        "name": manifest.number.name,
        "state_topic": broker.topic("verdict"),
        "value_template": "{{ value_json.value }}",  # null is shown as None: unknown
        "state_class": "measurement",
    }
    unit = manifest.number.unit
    return {**number, "unit_of_measurement": unit} if unit else number


def _node(prefix: str) -> str:
    """Discovery allows letters, digits, _ and -; prefixes that differ elsewhere stay apart."""
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return f"cdat_edge_{re.sub(r'[^a-zA-Z0-9_-]', '_', prefix)}_{digest}"
