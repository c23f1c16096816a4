"""The commands of `cdat-edge`, one file each. `edge.cli` combines them."""
