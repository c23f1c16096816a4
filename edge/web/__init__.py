"""What the servers of a run share: where they listen, who may use them, TLS, and the bytes of a
served session."""
