"""How a bundle's encoders answer for people, rooms and writers that are not in its training."""
