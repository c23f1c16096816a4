"""Engines measured on one machine."""
