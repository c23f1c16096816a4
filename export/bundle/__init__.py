"""A training run as a bundle: graphs, parity, golden outputs, manifest, model card."""
