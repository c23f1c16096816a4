"""Augmentation: clean variations of one face, clip or line, and the same with a fault."""
