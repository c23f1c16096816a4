"""What the gate is worth: people in front of a camera while faults come, last and go."""
