"""A service: browsers and programs send pictures and sound, and get their own verdicts."""
