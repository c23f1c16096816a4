"""What Ray raises: a process or a node that was lost, or a failure of Ray itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from edge.errors import EdgeError, first_line


@contextmanager
def failures_told(ray: ModuleType) -> Iterator[None]:
    """What Ray itself raises becomes a sentence."""
    try:
        yield
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise EdgeError(
            f"Ray failed: {first_line(error).rstrip('.')}; look whether the cluster runs. The same"
            " command continues."
        ) from None


def lost(ray: ModuleType) -> tuple[type[Exception], ...]:
    """What Ray raises when the process or the node of a task has ended, or its answer with it."""
    known = ray.exceptions
    return (
        known.WorkerCrashedError,
        known.OutOfMemoryError,
        known.NodeDiedError,
        known.LocalRayletDiedError,
        known.ObjectLostError,
    )
