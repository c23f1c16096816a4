"""Verdicts of a finished run as files for people who annotate films: tables, subtitles, tiers."""
