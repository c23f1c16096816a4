"""The live speech encoder, distilled from the faces of the same performances, for a bundle of
sound."""
