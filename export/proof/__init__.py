"""Proof that an engine is the same model: comparison, negative control, metric gate."""
