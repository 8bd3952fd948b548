"""Training: the Lightning module, optimisers, validation and checkpoints."""
