"""The commands of `cdat-edge`, one a file; `edge.cli` puts them together."""
