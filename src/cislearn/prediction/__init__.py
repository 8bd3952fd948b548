"""From tokens to logits, and from users' files to tables of predictions. Validation uses the same code."""
