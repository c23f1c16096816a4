"""The options of `cdat-train adapt-study`, checked before anything is read."""

from __future__ import annotations

from edge.bundle import Bundle
from edge.errors import ConfigError
from train.corpora.labels import LABELS
from train.studies.strangers.sources import SOURCES

FEWEST_CLIPS = 8
"""Of a person; half of them must give an adaptation its 20 s."""


def check_answers(bundle: Bundle, streams: tuple[str, ...]) -> None:
    """Raises: ConfigError, if the bundle lacks one of the streams or of the labels."""
    manifest = bundle.manifest
    if not set(streams) <= set(manifest.names) or not set(LABELS) <= set(manifest.labels):
        raise ConfigError(
            f"{bundle.folder} does not answer for {' and '.join(streams)} with the labels"
            f" {', '.join(LABELS)}: give another --bundle."
        )


def checked_corpora(corpora: str) -> list[str]:
    """Names by comma, each once.

    Raises:
        ConfigError: One is no speech corpus that is scored.
    """
    names = list(dict.fromkeys(one.strip() for one in corpora.split(",") if one.strip()))
    if not names or (unknown := [one for one in names if one not in SOURCES["audio"]]):
        wrong = unknown[0] if names else corpora
        raise ConfigError(f"--corpora {wrong} is not one of {', '.join(SOURCES['audio'])}.")
    return names


def checked_labels(labels: str, clips: int) -> list[int]:
    """Numbers by comma.

    Raises:
        ConfigError: One is no number, or more than the half of the clips; or `clips` are too few.
    """
    if clips < FEWEST_CLIPS:
        raise ConfigError(f"--clips {clips} is below {FEWEST_CLIPS}: half of them must be 20 s.")
    found = []
    for one in filter(None, (part.strip() for part in labels.split(","))):
        if not one.isdecimal() or int(one) > clips // 2:
            raise ConfigError(
                f"--labels {one} is not a number from 0 to {clips // 2}, half of --clips."
            )
        found.append(int(one))
    if not found:
        raise ConfigError("--labels has no number: give some, such as 0,7,21.")
    return list(dict.fromkeys(found))
