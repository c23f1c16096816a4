"""The live speech encoder, taught by the faces of the same performances, for a bundle of sound."""
