"""Studies: comparisons of methods; building a bundle does not need them."""
