"""Study of the mouth's motion: does it tell a face that speaks from one that does not."""
