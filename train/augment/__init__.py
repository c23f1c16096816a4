"""Augmentation: clean views of one face, clip or line, and the same through a fault."""
