"""Whether a shift of the embeddings by a person's neutral ones helps people who are not in the
training."""
