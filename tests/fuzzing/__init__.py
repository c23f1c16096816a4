"""`make fuzz`: damaged inputs of every kind, each tried in a process that may die of it."""
