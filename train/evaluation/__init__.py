"""The product's own answers on a recorded corpus, measured."""
