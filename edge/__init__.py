"""The runtime: from camera, microphone and words to a label, and to which stream it trusts."""

__version__ = "0.1.0"
