"""Checks what a run needs on this machine, one check a file, for `cdat-edge doctor`."""
