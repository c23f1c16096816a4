"""The scripted camera and microphone of `make demo`: a photograph that speaks, smiles and fails."""
