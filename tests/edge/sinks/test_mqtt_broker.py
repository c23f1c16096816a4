"""The URL of an MQTT broker, and what messages show of it."""

from __future__ import annotations

import pytest
from fixtures.command import Cli, complaint

from edge.errors import ConfigError
from edge.sinks.mqtt.broker import Broker, parse_broker

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://localhost/cdat", Broker("localhost", 1883, "cdat")),
        ("mqtt://[::1]:9/a/b/", Broker("::1", 9, "a/b")),
        ("mqtts://host/cdat", Broker("host", 8883, "cdat", tls=True)),
        ("mqtt://u:p%40%2F%C3%A9@h/x", Broker("h", 1883, "x", "u", "p@/é")),
        ("mqtt://u:p@q@h/x", Broker("h", 1883, "x", "u", "p@q")),
        ("mqtt://u@h/x", Broker("h", 1883, "x", "u", SECRET)),
        ("mqtt://h/x%20y", Broker("h", 1883, "x y")),
    ],
)
def test_a_url_names_host_port_prefix_and_user(url: str, broker: Broker) -> None:
    assert parse_broker(url, "mqtt.url", SECRET if "u@" in url else None) == broker


def test_the_password_of_the_environment_is_for_a_user_without_one() -> None:
    assert parse_broker("mqtt://u@h/x", "key", SECRET).password == SECRET
    assert parse_broker("mqtt://u:own@h/x", "key", SECRET).password == "own"
    assert parse_broker("mqtt://h/x", "key", SECRET).password is None


def test_a_broker_is_shown_without_its_password() -> None:
    broker = parse_broker(f"mqtt://u:{SECRET}@h/x", "key")
    assert str(broker) == "h:1883"
    assert SECRET not in repr(broker)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "must be"),
        ("localhost", "must be"),
        ("http://h/x", "must be"),
        ("mqtt:///x", "must be"),
        ("mqtt://h:x/x", "must be"),
        ("mqtt://h:70000/x", "must be"),
        ("mqtt://h:0/x", "must be"),
        ("mqtt://[::1/x", "must be"),
        ("mqtt://a..b/x", "must be"),
        (f"mqtt://u:{SECRET}", "must be"),
        (f"mqtt://u:{SECRET}/4@h/x", "must be"),
        (f"mqtt://u:{SECRET}#4@h/x", "must be"),
        (f"mqtt://u:{SECRET}\udcff@h/x", "not UTF-8"),
        ("mqtt://h", "needs a prefix"),
        ("mqtt://h/", "needs a prefix"),
        ("mqtt://h/a/+", "needs a prefix"),
        ("mqtt://h/a#b", "needs a prefix"),
        ("mqtt://h/a%23b", "needs a prefix"),
        ("mqtt://h/$SYS", "needs a prefix"),
        ("mqtt://h/a%00b", "needs a prefix"),
        ("mqtt://h/" + "a" * 2000, "needs a prefix"),
    ],
)
def test_any_other_url_is_a_sentence_without_the_password(url: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=rf"^mqtt\.url:? .*{problem}") as refused:
        parse_broker(url, "mqtt.url")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--mqtt", f"mqtt://u:{SECRET}@h"),
        ("--set", f"mqtt.url=[mqtt://u:{SECRET}@h/x]"),
        ("--set", f"mqtt.url=[mqtt://u:{SECRET}@h/x"),
        ("--set", f"mqtt=mqtt://u:{SECRET}@h/x"),
        ("--set", f"mqtt://u:{SECRET}@h/x"),
        ("--set", "mqtt.discovery=a/#"),
    ],
)
def test_a_bad_option_is_one_sentence_without_the_password(
    cli: Cli, arguments: tuple[str, str]
) -> None:
    result = cli("demo", "--seconds", "6", *arguments)
    complaint(result)
    assert SECRET not in result[1] + result[2]
