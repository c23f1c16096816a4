"""The commands of `cdat-export`, one a file."""
