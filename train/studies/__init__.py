"""Studies: comparisons that inform a choice and are no part of making a bundle."""
