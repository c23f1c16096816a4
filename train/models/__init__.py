"""Networks: encoders, fusion models and confidence heads."""
