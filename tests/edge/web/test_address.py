"""Listening addresses of the servers."""

from __future__ import annotations

import pytest

from edge.errors import ConfigError, SinkError
from edge.web.address import Address, is_loopback, listen, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8766", "127.0.0.1", 8766),
        ("localhost:0", "localhost", 0),
        ("[::1]:80", "::1", 80),
        ("8766", "127.0.0.1", 8766),
        ("0.0.0.0:1", "0.0.0.0", 1),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert parse_address(text, "key") == Address(host, port)


@pytest.mark.parametrize("text", ["", ":80", "host:", "host:x", "host:99999", "::1:80", "a:²"])
def test_any_other_address_is_an_error_with_its_key(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^dashboard\.address must be HOST:PORT"):
        parse_address(text, "dashboard.address")


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        (None, False),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str | None, alone: bool) -> None:
    assert is_loopback(host) is alone


def test_a_port_in_use_is_an_error_of_one_sentence() -> None:
    with listen(Address("127.0.0.1", 0), "key") as first:
        taken = Address("127.0.0.1", first.getsockname()[1])
        with pytest.raises(SinkError, match=f"key: cannot listen on {taken}: .* in use"):
            listen(taken, "key")


def test_an_address_of_another_machine_is_an_error_of_one_sentence() -> None:
    with pytest.raises(SinkError, match="cannot listen on"):
        listen(Address("192.0.2.1", 0), "key")
