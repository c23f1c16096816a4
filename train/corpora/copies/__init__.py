"""Readers of the field's data sets, from a user's own copy of their files."""
