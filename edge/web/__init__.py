"""What the servers of a run share: where they listen, and who may use them."""
