"""Where sessions are placed, and when there are more or fewer replicas."""

from __future__ import annotations

import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from edge.bundle import Bundle, default_bundle
from edge.config import load_config
from edge.errors import BundleError, ConfigError, EdgeError
from edge.ray_cluster import ray_cluster
from edge.serve.cluster.exposition import Expositions
from edge.serve.cluster.keeper import Count
from edge.serve.cluster.places import Place, Places
from edge.serve.cluster.replica import Kind


def nothing() -> None:
    """A session that does not care."""


def with_two(each: int = 2) -> tuple[Places, Place, Place]:
    places, one, other = Places(each), Place(1, "a:1"), Place(2, "b:1")
    places.add(one)
    places.add(other)
    return places, one, other


def test_a_new_session_goes_to_the_replica_with_the_fewest() -> None:
    places, one, other = with_two()
    assert [places.take(nothing) for _ in range(5)] == [one, other, one, other, None]
    assert (places.taken, places.room) == (4, 4)
    places.leave(other, nothing)
    assert places.take(nothing) is other


def test_the_sessions_of_a_lost_replica_end_once_and_no_others() -> None:
    places, one, other = with_two()
    ended: list[str] = []
    places.take(lambda: ended.append("one"))
    places.take(lambda: ended.append("other"))
    assert places.lose(one) and not places.lose(one)
    assert ended == ["one"] and places.all == [other] and places.room == 2


def test_more_replicas_are_wanted_before_all_places_are_taken() -> None:
    places, _, _ = with_two()
    assert not places.wants_more
    for _ in range(3):
        places.take(nothing)
    assert places.wants_more
    assert Places(2).wants_more  # there is none yet


def test_only_a_replica_without_sessions_is_taken_away_and_the_least_stay() -> None:
    places, one, other = with_two()
    assert places.retire(2) is None
    places.take(nothing)
    assert places.retire(1) is other and places.all == [one]
    places.add(other)
    places.take(nothing)
    assert places.retire(1) is None  # both have a session


@pytest.mark.parametrize(("text", "least", "most"), [("3", 3, 3), ("1-4", 1, 4)])
def test_a_number_or_a_range_of_replicas(text: str, least: int, most: int) -> None:
    assert Count.parse(text) == Count(least, most)


def test_a_range_that_goes_back_or_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"serve\.replicas must be N or least-most; got '4-1'"):
        Count.parse("4-1")
    with pytest.raises(ConfigError, match=r"serve\.replicas"):
        load_config(None, ["serve.replicas=many"], {})


def test_another_bundle_front_end_or_release_is_refused_with_what_to_do() -> None:
    here = Kind.of(Bundle.load(default_bundle()))
    here.check(here, "10.0.0.2", "bundle")
    for other, part in (
        (Kind(here.release, here.frontend, "f" * 64), r"bundle \(f{12}\).*: copy a/b there\.$"),
        (Kind(here.release, "f" * 64, here.bundle), r"front end \(f{12}\)"),
        (Kind("0.0.1", here.frontend, here.bundle), r"release of cdat-edge \(0\.0\.1\)"),
    ):
        with pytest.raises(BundleError, match=r"The node 10\.0\.0\.2 has another " + part):
            here.check(other, "10.0.0.2", "a/b")


def test_each_number_of_the_metrics_names_its_replica() -> None:
    places, one, other = with_two()
    for place, count in ((one, 3), (other, 5)):
        place.exposition = f"# HELP a_total Of a.\n# TYPE a_total counter\na_total {count}.0\n"
    registry = CollectorRegistry()
    registry.register(Expositions(places))
    told = generate_latest(registry).decode()
    assert 'a_total{replica="1"} 3.0' in told and 'a_total{replica="2"} 5.0' in told
    assert told.count("# TYPE") == 1


def test_no_command_imports_ray_before_it_is_asked_for() -> None:
    code = "import sys, edge.cli, edge.commands.serve_hosts; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_ray_one_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("AUTH_MODE", "AUTH_TOKEN", "USAGE_STATS_ENABLED", "ENABLE_UV_RUN_RUNTIME_ENV"):
        monkeypatch.setenv(f"RAY_{name}", "")  # it sets them
    with pytest.raises(EdgeError, match=r"pip install 'cdat-edge\[ray\]'"), ray_cluster("auto", 1):
        raise AssertionError("it was joined")
