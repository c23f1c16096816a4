"""Hyperparameters chosen on validation: `cdat-train search`."""
