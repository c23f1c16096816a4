"""From what a front end observed to readings: each tensor is encoded, and its work is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.recognition.reasons import ENGINE_FAILED
from edge.types import Observation, Reading


def failed(observations: Sequence[Observation]) -> list[Observation]:
    """The observations as they are kept when the engine failed: marked, with nothing to encode."""
    return [
        replace(one, tensor=None, detail={**one.detail, ENGINE_FAILED: True})
        for one in observations
    ]


def has_failed(observations: Sequence[Observation]) -> bool:
    """Whether they are marked."""
    return any(one.detail.get(ENGINE_FAILED) for one in observations)


def encode(
    networks: Networks,
    clock: Clock,
    stream: str,
    observations: Sequence[Observation],
    started_ns: int,
) -> list[Reading]:
    """A reading of each observation. One thread a stream.

    Args:
        networks: Has the encoder of `stream`.
        clock: Times the work.
        stream: Which stream was observed.
        observations: In order. One without a tensor gets no embedding.
        started_ns: When the front end began; its work counts for the first reading.

    Raises:
        EngineError: The engine failed, or an output is not finite.
    """
    readings = []
    for observation in observations:
        embedding, logit = None, 0.0
        if observation.tensor is not None:
            embedding, logit = networks.encode(stream, observation.tensor)
        done_ns = clock.now_ns()
        work_ns, started_ns = done_ns - started_ns, done_ns
        readings.append(
            Reading(
                observation.t_ns,
                observation.quality,
                embedding,
                logit,
                work_ns,
                observation.detail,
            )
        )
    return readings
