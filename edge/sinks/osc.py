"""Verdicts as Open Sound Control messages over UDP, for instruments, lights and games."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from importlib.util import find_spec

from edge.errors import DOCTOR, ConfigError, SinkError, first_line
from edge.recognition.verdict import Verdict
from edge.web.address import Address, parse_address

KEY = "osc.address"
PREFIX = "/emotion"
NONE = -1.0
"""Stands for a confidence or reliability that there is not: receivers expect a float there."""
Argument = str | float | int
Message = tuple[str, list[Argument]]

_PREFIX = re.compile(r"(/[^\s#*,/?\[\]{}]+)+", re.ASCII)


class OscOutput:
    """One thread writes and closes. A receiver that is absent is not noticed: that is UDP.

    With `--people` it takes everyone's verdicts: each person has addresses with their number, and
    those without a number are of the first person of each step.

    Args:
        address: HOST:PORT or HOST:PORT/PREFIX.
        lost: Called with a cause and a number: verdicts that could not be sent.
        note: Called with a sentence when they cannot, once until they can.

    Raises:
        ConfigError: The address is not valid.
        SinkError: python-osc is not installed, or the host is not known.
    """

    def __init__(
        self, address: str, lost: Callable[[str, int], None], note: Callable[[str], None]
    ) -> None:
        if find_spec("pythonosc") is None:
            raise SinkError(
                "--osc needs python-osc: run `pip install 'cdat-edge[outputs-osc]'`, or leave out"
                f" --osc; {DOCTOR}."
            )
        from pythonosc.udp_client import SimpleUDPClient

        self.receiver, self.prefix = parse_receiver(address)
        self._lost, self._note = lost, note
        self._told = False
        self._seq = -1
        self._here: set[int] = set()
        self._before: set[int] = set()
        # By number: the client would ask for the name again with every message.
        place = _resolve(self.receiver)
        self._client = SimpleUDPClient(place, self.receiver.port, allow_broadcast=True)

    def write(self, verdict: Verdict) -> None:
        """Send the messages of one verdict."""
        try:
            for address, arguments in self._messages(verdict):
                self._client.send_message(self.prefix + address, arguments)
        except OSError as error:
            self._lost("OSC cannot be sent", 1)
            if not self._told:
                self._told = True
                cause = error.strerror or first_line(error)
                self._note(f"OSC cannot be sent to {self.receiver}: {cause}; the run goes on.")
        else:
            self._told = False

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self._client.close()

    def _messages(self, verdict: Verdict) -> list[Message]:
        """At plain addresses of a step's first verdict, at the person's own, and who has left."""
        found: list[Message] = []
        plain = messages(verdict)
        if verdict.seq != self._seq:
            # Only now is it known that the step before is complete.
            found += [(f"/{gone}/present", [0]) for gone in sorted(self._before - self._here)]
            self._seq, self._before, self._here = verdict.seq, self._here, set()
            found += plain
        if verdict.person is not None:
            self._here.add(verdict.person)
            own: list[Message] = [("/present", [1]), *plain]
            found += [(f"/{verdict.person}{address}", given) for address, given in own]
        return found


def messages(verdict: Verdict) -> list[Message]:
    """Addresses below the prefix, with their arguments."""
    confidence = _float(verdict.confidence)
    found: list[Message] = [("/abstains", [int(verdict.abstains)])]
    if verdict.task == "regression":
        if verdict.value is not None:
            found.append(("/value", [float(verdict.value), confidence]))
    else:
        found.append(("/label", [verdict.label or "", confidence]))
    if verdict.task == "multilabel":
        found.append(("/labels", list(verdict.labels or ())))
    if verdict.scores:
        found.append(("/probabilities", [float(p) for p in verdict.scores.values()]))
        found.append(("/probabilities/labels", list(verdict.scores)))
    for name, stream in verdict.streams.items():
        used, reliability = int(stream.state == "used"), _float(stream.reliability)
        found.append((f"/stream/{name}", [used, reliability, stream.reason or ""]))
    return found


def parse_receiver(text: str) -> tuple[Address, str]:
    """The address, and the beginning of every message's address, such as `/emotion`.

    Raises:
        ConfigError: Names the key and the valid form.
    """
    place, slash, rest = text.partition("/")
    prefix = slash + rest.rstrip("/") if rest else PREFIX
    receiver = parse_address(place, KEY)
    if not receiver.port:
        raise ConfigError(f"{KEY} needs the receiver's port, such as 127.0.0.1:9000; got {text!r}.")
    if not (_PREFIX.fullmatch(prefix) and prefix.isprintable() and prefix.isascii()):
        raise ConfigError(
            f"{KEY}: {prefix!r} cannot begin an OSC address: use ASCII without spaces and"
            " # * , ? [ ] { }."
        )
    return receiver, prefix


def _resolve(receiver: Address) -> str:
    try:
        found = socket.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise SinkError(f"{KEY}: the host {receiver.host!r} is not found: {reason}.") from None
    return str(found[0][4][0])


def _float(value: float | None) -> float:
    return NONE if value is None else float(value)
