"""A correction for one person: measured in some neutral seconds, kept in a file, used by a run."""
