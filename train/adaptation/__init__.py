"""A bundle adapted to recordings of its user's own people and room."""
