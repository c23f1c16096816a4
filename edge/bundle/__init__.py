"""The bundle: the contract between training and runtime, and the networks that it contains."""

from edge.bundle.load import Bundle, default_bundle, read_manifest

__all__ = ["Bundle", "default_bundle", "read_manifest"]
