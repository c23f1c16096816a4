"""The unit of work of an extraction, wherever it runs: a job, and its outcome as plain JSON."""

from __future__ import annotations

from typing import Any

from edge.errors import EdgeError
from train.corpora.recorded.record import Job, Recorded, record_file

Answer = dict[str, Any]
"""The fields of `Recorded`, or `error`: a sentence, because nothing can be recorded."""


def answer_to(job: Job) -> Answer:
    """Record the file of a job. An error is an answer as well, so that it reaches the command."""
    try:
        return record_file(job).model_dump()
    except EdgeError as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": f"{error.filename or job.recordings}: {error.strerror or error}."}


def recorded_of(answer: Answer) -> Recorded:
    """The outcome in an answer.

    Raises:
        EdgeError: Nothing can be recorded, as `record_file` raises it.
    """
    if "error" in answer:
        raise EdgeError(answer["error"])
    return Recorded.model_validate(answer)
