"""How sessions share the networks is configured, for the server here and for that of a replica."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing

import pytest

from edge.commands.serve_hosts import Here
from edge.config import Config, load_config
from edge.errors import ConfigError
from edge.runtime.shared_models import SharedModels
from edge.serve.cluster.replica import Replica


def here(config: Config, opened: ExitStack) -> SharedModels:
    return Here(config, opened)._models


def replica(config: Config, opened: ExitStack) -> SharedModels:
    made = Replica(config.model_dump_json(), "127.0.0.1", "a-token-of-some-length")
    made._open("this node")
    opened.enter_context(closing(made._server))
    return opened.enter_context(made._house.models)


@pytest.mark.parametrize("host", [here, replica])
@pytest.mark.parametrize(("wait_ms", "batch_max"), [(5, 16), (2, 1)])
def test_the_sessions_of_a_server_share_as_configured(
    host: Callable[[Config, ExitStack], SharedModels], wait_ms: float, batch_max: int
) -> None:
    settings = [f"serve.share.wait_ms={wait_ms}", f"serve.share.batch_max={batch_max}"]
    with ExitStack() as opened:
        models = host(load_config(None, settings, {"asr.engine": "none"}), opened)
        assert models.networks._joined["vision"]._wait_ns == wait_ms * 1_000_000
        # The packaged bundle takes one item a pass, which is told to those who asked for more.
        assert bool([note for note in models.notes if "one item a pass" in note]) == (batch_max > 1)


def test_a_share_that_is_out_of_range_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"serve\.share\.batch_max"):
        load_config(None, ["serve.share.batch_max=0"], {})
