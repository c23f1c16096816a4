"""CDaT (Hong, Kang, Cho 2024): transfer between streams, weighted by the confidence under masks."""
