"""Fusion, confidence and transfer on recordings of people, with the encoders of a bundle."""
