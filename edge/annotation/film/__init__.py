"""The film again, with what the run said about it."""
