"""A strong stream teaches the others by translation and alignment (CM-StEW)."""
