"""Study of the known face: does it tell that another person has taken its place."""
