"""The bundle: the one contract between training and runtime, and the networks that it holds."""

from edge.bundle.load import Bundle, default_bundle, read_manifest

__all__ = ["Bundle", "default_bundle", "read_manifest"]
