"""The bundle that a run would take, for the checks that depend on it."""

from __future__ import annotations

from edge.bundle import Bundle, default_bundle
from edge.config import Config
from edge.errors import BundleError


def chosen_bundle(config: Config) -> Bundle:
    """The configured bundle, or the packaged one.

    Raises:
        BundleError: It cannot be loaded.
    """
    return Bundle.load(config.bundle or default_bundle(), config.require_signed)


def bundle_if_whole(config: Config) -> Bundle | None:
    """The same; None where it cannot be loaded, which its own check says."""
    try:
        return chosen_bundle(config)
    except BundleError:
        return None
