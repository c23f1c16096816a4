"""CDaT (Hong, Kang, Cho 2024): confidence under masks decides which stream learns from which."""
