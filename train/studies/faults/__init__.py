"""Study of the gate: simulated runs in which faults start, last and end."""
