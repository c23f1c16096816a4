"""Distillation of a strong stream into the others by translation and alignment (CM-StEW)."""
