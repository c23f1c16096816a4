"""The connection to the broker: kept up by paho's own thread, which connects again and again."""

from __future__ import annotations

import secrets
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from edge.errors import first_line
from edge.sinks.mqtt.broker import Broker

KEEPALIVE_S = 15
"""A broker that answers nothing is asked after this time, and lost after the same time again."""
FIRST_RETRY_S, RETRY_MAX_S = 1, 30
FIRST_S = 0.5
"""The first verdicts of a file at full speed come before the connection is made."""
FAREWELL_S = 0.25
"""For "offline", and again for the end of the connection. Together less than
`edge.sinks.output_thread.GRACE_S`."""
LOST, BACK = "mqtt_lost", "mqtt_back"


class Connection:
    """Any thread may call any method; `publish` does not wait.

    Args:
        announced: Retained messages to publish at each connection.
        note: Called with a sentence and an event when the broker is lost, and when it is back.
    """

    def __init__(
        self, broker: Broker, announced: Mapping[str, str], note: Callable[[str, str], None]
    ) -> None:
        self.number = 0
        """Counts the connections."""
        self.is_up = False
        self._broker, self._announced, self._note = broker, announced, note
        self._told = False
        self._tried = threading.Event()
        self._ended = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, f"cdat-edge-{secrets.token_hex(6)}")
        client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set()
        client.will_set(broker.topic("availability"), "offline", qos=1, retain=True)
        client.reconnect_delay_set(FIRST_RETRY_S, RETRY_MAX_S)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail, client.on_socket_open = self._failed, _send_at_once
        self._client = client
        client.connect_async(broker.host, broker.port, KEEPALIVE_S)
        client.loop_start()

    def wait_for_first(self) -> None:
        """Wait until the first attempt to connect has ended, for half a second at most."""
        self._tried.wait(FIRST_S)

    def publish(self, topic: str, payload: str, retain: bool = False) -> MQTTMessageInfo:
        """Hand over one message, which is sent once at most."""
        return self._client.publish(topic, _encoded(payload), retain=retain)

    def close(self) -> None:
        """Say "offline" and part, within half a second. Idempotent."""
        if self.is_up:
            told = self._client.publish(
                self._broker.topic("availability"), "offline", qos=1, retain=True
            )
            if not told.rc:
                told.wait_for_publish(FAREWELL_S)
        # Not loop_stop(): it would wait for a thread that may be held by a name server. The thread
        # sees this by itself, and is a daemon.
        self._client.disconnect()
        if self.is_up:
            self._ended.wait(FAREWELL_S)

    def _connected(self, client: Client, _: Any, flags: Any, reason: Any, __: Any) -> None:
        if reason.is_failure:
            self._tell_lost(f"refuses the connection: {reason}")
            return
        for topic, payload in self._announced.items():
            client.publish(topic, _encoded(payload), retain=True)
        client.publish(self._broker.topic("availability"), "online", qos=1, retain=True)
        self.number += 1
        self.is_up = True
        self._tried.set()
        if self._told:
            self._told = False
            self._note(f"The MQTT broker {self._broker} is connected again.", BACK)

    def _disconnected(self, client: Client, _: Any, flags: Any, reason: Any, __: Any) -> None:
        was_up, self.is_up = self.is_up, False
        self._ended.set()
        if was_up and reason.is_failure:
            self._tell_lost("was lost")

    def _failed(self, client: Client, _: Any) -> None:
        # paho calls this while it handles the error, and tells it in no other way.
        error = sys.exc_info()[1] or OSError("no connection")
        cause = getattr(error, "strerror", None) or first_line(error)
        self._tell_lost(f"cannot be reached: {cause}")

    def _tell_lost(self, how: str) -> None:
        self._tried.set()
        if not self._told:
            self._told = True
            self._note(f"The MQTT broker {self._broker} {how}; it is tried again and again.", LOST)


def _encoded(payload: str) -> bytes:
    return payload.encode("utf-8", "backslashreplace")


def _send_at_once(client: Client, _: Any, opened: Any) -> None:
    """The label need not wait for the verdict's acknowledgement."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
