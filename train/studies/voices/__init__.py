"""Study of the voice: does a few seconds' sound tell that another person speaks than before."""
