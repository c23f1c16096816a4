"""Stages of training, in their order: encoders, fusion, confidence, thresholds, report."""
