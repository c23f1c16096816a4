"""What runs on a node of a Ray cluster: checks that it may record, then the usual work."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import cv2

from edge import __version__
from edge.frontends import FrontEndParams
from edge.recording import session
from train.corpora.recorded.answer import Answer, answer_to
from train.corpora.recorded.record import Job

Release = dict[str, Any]
"""What a recording depends on beside its job: `frontends` and `recording`; and the `version`."""


def release() -> Release:
    """The release of this process."""
    return {
        "frontends": FrontEndParams().digest(),
        "recording": session.SCHEMA_VERSION,
        "version": __version__,
    }


def refusal(node: str, wanted: Release, mark: str) -> str | None:
    """Why this node must not record for a command of the release `wanted`, or None.

    Args:
        node: Its name.
        mark: A file that the command has just made in the folder of the recordings.
    """
    here = release()
    for key, name in (("frontends", "front ends"), ("recording", "recordings")):
        if here[key] != wanted[key]:
            return (
                f"The node {node} has other {name} (cdat-edge {here['version']}) than this command"
                f" (cdat-edge {wanted['version']}): install the same release on every node."
            )
    if not Path(mark).is_file():
        return (
            f"The node {node} does not see the folder {Path(mark).parent} of this machine: --out"
            " must be in a folder that every node shares, at the same path."
        )
    return None


def answer_on_node(job: dict[str, Any], wanted: Release, mark: str) -> Answer:
    """The answer to a job, with `node`; or `refused`, a sentence; or `unseen`, if this node does
    not see the file."""
    node = socket.gethostname()
    if (refused := refusal(node, wanted, mark)) is not None:
        return {"node": node, "refused": refused}
    if not os.path.exists(job["file"]):
        return {"node": node, "unseen": True}
    cv2.setNumThreads(1)  # one process a core is enough
    attempt = f"+{os.urandom(4).hex()}"
    return {"node": node, **answer_to(Job.model_validate({**job, "attempt": attempt}))}
