"""The sink: each verdict to `PREFIX/verdict`, and the answer, retained, to `PREFIX/label`.

With `--people` these are of the first person. Everyone's are below them: `PREFIX/verdict/2` and
`PREFIX/label/2`, not retained: a number is of one person of one run.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from edge.errors import DOCTOR, SinkError
from edge.recognition.verdict import Verdict, shown_answer
from edge.sinks.mqtt.broker import Broker

if TYPE_CHECKING:  # paho is an extra
    from paho.mqtt.client import MQTTMessageInfo

WAITING = 16
"""Verdicts that wait for the network: four seconds at four steps a second."""
PATIENCE_S = 0.1
"""So long a verdict waits for room. It is for files at full speed; live there is always room, or
the broker hangs."""
AWAY, SLOW = "the MQTT broker is away", "the MQTT broker is too slow"


class MqttOutput:
    """One thread writes and closes. A broker that is away loses the verdicts of that time.

    Args:
        broker: Where to.
        announced: Retained messages to publish at each connection.
        lost: Called with a cause and a number: verdicts that were lost here.
        note: Called with a sentence and an event when the broker is lost, and when it is back.

    Raises:
        SinkError: paho-mqtt is not installed.
    """

    def __init__(
        self,
        broker: Broker,
        announced: Mapping[str, str],
        lost: Callable[[str, int], None],
        note: Callable[[str, str], None],
    ) -> None:
        if find_spec("paho") is None:
            raise SinkError(
                "--mqtt needs paho-mqtt: run `pip install 'cdat-edge[outputs-mqtt]'`, or leave out"
                f" --mqtt; {DOCTOR}."
            )
        from edge.sinks.mqtt.connection import Connection

        self._broker, self._lost = broker, lost
        self._sent: deque[MQTTMessageInfo] = deque()
        self._number = 0
        """Of the connection that `_sent` was given to."""
        self._seq = -1
        self._labels: dict[str, tuple[int, str]] = {}
        """The newest step's and the one before it, by topic: number of the step, and the answer."""
        self._connection = Connection(broker, announced, note)

    def write(self, verdict: Verdict) -> None:
        """Publish one verdict, and its answer when that is another one than a step before."""
        is_first, before, self._seq = verdict.seq != self._seq, self._seq, verdict.seq
        if is_first:
            recent = self._labels.items()
            self._labels = {topic: kept for topic, kept in recent if kept[0] == before}
        connection = self._connection
        connection.wait_for_first()
        if connection.number != self._number:
            self._number, self._labels = connection.number, {}
            self._lose_unsent()
        if not connection.is_up:
            self._lost(AWAY, 1)
            return
        if not self._has_room():
            self._lost(SLOW, 1)
            return
        line = verdict.to_dict()
        text = json.dumps(line, ensure_ascii=False, allow_nan=False)
        places = [""] if is_first else []
        if verdict.person is not None:
            places.append(f"/{verdict.person}")
        for place in places:
            given = connection.publish(self._broker.topic(f"verdict{place}"), text)
            if given.rc:  # it was lost a moment ago
                self._lost(AWAY, 1)
                return
            self._sent.append(given)
            self._publish_answer(f"label{place}", answer_text(line), retain=not place)

    def _publish_answer(self, name: str, answer: str, retain: bool) -> None:
        if self._labels.get(name, (0, None))[1] != answer:
            self._connection.publish(self._broker.topic(name), answer, retain)
        self._labels[name] = self._seq, answer

    def close(self) -> None:
        """Say that the run has ended, and part. Idempotent."""
        self._connection.close()
        self._lose_unsent()

    def _has_room(self) -> bool:
        with suppress(RuntimeError):  # the connection is lost, and this message with it
            while self._sent and self._sent[0].is_published():
                self._sent.popleft()
            if len(self._sent) >= WAITING:
                self._sent[0].wait_for_publish(PATIENCE_S)
                return self._sent[0].is_published()
        return len(self._sent) < WAITING

    def _lose_unsent(self) -> None:
        if unsent := sum(not _was_sent(one) for one in self._sent):
            self._lost(AWAY, unsent)
        self._sent.clear()


def answer_text(line: Mapping[str, Any]) -> str:
    """The answer of a verdict's JSON object: a label, labels with commas, or a plain number."""
    if "number" in line and line["value"] is not None:
        return json.dumps(line["value"])
    return "abstains" if "number" in line else shown_answer(line)


def _was_sent(given: MQTTMessageInfo) -> bool:
    try:
        return given.is_published()
    except RuntimeError:  # lost with its connection
        return False
