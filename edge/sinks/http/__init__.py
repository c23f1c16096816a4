"""Verdicts over HTTP: the newest one, health, metrics, and a WebSocket; in a process of its own."""
