"""The commands of `cdat-train`."""
