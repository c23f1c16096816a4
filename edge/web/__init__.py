"""What the servers of a run share: where they listen, who may use them, and TLS."""
