"""What `cdat-edge doctor` says of the addresses of servers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from edge.config import load_config
from edge.doctor.finding import Finding
from edge.doctor.listeners import Place, conflict
from edge.doctor.ports import check_ports

LISTEN = "import socket, sys; s = socket.create_server((sys.argv[1], int(sys.argv[2])));"
LISTEN += "print(s.getsockname()[1], flush=True); sys.stdin.read()"


def checked(**addresses: str) -> Finding:
    given = {f"{name}.address": address for name, address in addresses.items()}
    return check_ports(load_config(None, [], given))


def test_a_port_in_use_is_told_with_who_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = check_ports(load_config(None, [], {"http.address": address}))
        assert found.state == "wrong" and f"http.address: {address} cannot be used" in found.told
        assert f"(process {os.getpid()})" in found.told
        assert "http.address" in found.facts["refused"] and address not in str(found.facts)
    found = check_ports(load_config(None, [], {"http.address": address}))
    assert "http.address" not in found.facts["refused"]


def test_a_program_on_another_address_is_not_blamed() -> None:
    command = [sys.executable, "-c", LISTEN, "127.0.0.1", "0"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        with socket.create_server(("127.0.0.2", port)):  # Linux has all of 127.0.0.0/8
            found = checked(http=f"127.0.0.1:{port}")
            assert f"(process {other.pid})" in found.told
        found = checked(http=f"0.0.0.0:{port}")
        assert f"(process {other.pid})" in found.told
        assert other.stdin is not None
        other.stdin.close()


def test_an_address_of_another_machine_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"192.0.2.1:{taken.getsockname()[1]}"  # of RFC 5737: no machine has it
        found = checked(http=address)
    assert found.state == "wrong" and "assign requested address" in found.told
    assert "process" not in found.told and "End what uses it" not in found.advice


def test_two_keys_with_the_same_port_are_not_both_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    found = checked(http=address, dashboard=address)
    assert found.facts["refused"] == ["dashboard.address"]
    assert "http.address has it, too" in found.told


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "192.168.1.5", False),
        ("0.0.0.0", "192.168.1.5", True),
        ("::", "192.168.1.5", True),
        ("0.0.0.0", "::1", False),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
    ],
)
def test_which_addresses_conflict(one: str, other: str, expected: bool) -> None:
    assert conflict(Place.of(one, 80), Place.of(other, 80)) == expected
    assert conflict(Place.of(other, 80), Place.of(one, 80)) == expected
    assert not conflict(Place.of(one, 80), Place.of(other, 81))
