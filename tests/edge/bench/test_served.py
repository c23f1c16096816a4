"""`cdat-edge bench-serve`: a load for a running service, and what it reports of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.command import Cli, cli, complaint
from fixtures.served import Served, served, server_of, shared_models

from edge.bench.report import markdown
from edge.bench.served import measure_served
from edge.commands.bench_serve import session_address
from edge.config import load_config
from edge.errors import ConfigError, SourceError

__all__ = ["cli"]


@pytest.fixture(scope="module")
def house() -> Iterator[Served]:
    with shared_models() as models, served(models, "serve.sessions_max=2") as one:
        yield one


def test_sessions_are_measured_and_one_that_is_refused_is_told(house: Served) -> None:
    told: list[str] = []
    url = session_address(house.url)
    row = measure_served(url, None, [3], 2, told.append)[0]
    assert (row["sessions"], row["answered"]) == (3, 2)
    assert 0 < row["age_p50_ms"] <= row["age_p99_ms"]
    assert 0 < row["verdicts_per_s"] <= 5  # at most nine windows end in these 2 s
    assert row["sent_mb_per_s"] > 0 and row["load_cpu_ms_per_s"] > 0
    assert "has 2 sessions, as many as it takes" in row["ended"][0] and len(row["ended"]) == 1
    assert told == [f"{url}, sessions: 3"]


@pytest.mark.slow
def test_the_command_writes_what_it_measured(house: Served, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "bench"
    done = cli("bench-serve", house.url, "--sessions", "1", "--seconds", "2", "--out", str(out))
    assert done[0] == 0, done
    results = json.loads((out / "results.json").read_text())
    assert results["served"][0]["answered"] == 1
    page = (out / "README.md").read_text()
    assert page == markdown(results) and "| 1 of 1 |" in page
    assert house.url not in page


@pytest.mark.slow
def test_a_service_that_needs_a_token_says_so() -> None:
    token = "a-token-of-some-length"
    where = {"asr.engine": "none", "serve.address": "0.0.0.0:0", "serve.token": token}
    config = load_config(None, [], where)
    with shared_models() as models, closing(server_of(models, config, None)) as server:
        server.start()
        url = session_address(f"http://127.0.0.1:{server.address.port}")
        with pytest.raises(SourceError, match="It refused the connection"):
            measure_served(url, None, [1], 2, print)
        assert measure_served(url, token, [1], 2, print)[0]["answered"] == 1


def test_no_service_is_one_sentence(cli: Cli) -> None:
    done = cli("bench-serve", "http://127.0.0.1:9", "--sessions", "1", "--seconds", "2")
    complaint(done, "No session of ws://127.0.0.1:9/session gave a verdict", "cannot be reached")


@pytest.mark.parametrize("url", ["127.0.0.1:8780", "ftp://host", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a service"):
        session_address(url)


def test_no_number_of_sessions_is_one_sentence(cli: Cli) -> None:
    done = cli("bench-serve", "http://127.0.0.1:9", "--sessions", "")
    complaint(done, "--sessions needs numbers such as 1,2,4,8")
