"""Networks as ONNX graphs: written, read, rewritten."""
