"""The runtime: captures camera, microphone and words, and says which emotion and which stream to trust."""

__version__ = "0.1.0"
