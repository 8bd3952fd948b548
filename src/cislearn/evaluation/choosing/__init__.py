"""Choosing a model for a target without labels: one criterion a file, and what each of them would choose."""
