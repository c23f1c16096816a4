"""A bundle compiled for the machine that runs it."""
