"""Names of files that models are saved in, for those who look through folders: it loads no torch."""

TWO_TOWERS = "two_towers.json"
"""The card of a network of expression; its folder is a run of `express`."""
WEIGHTS = "model.safetensors"
"""Of every run, beside its card."""
WHOLE = "Copy the whole folder again, or train the run again."
"""What to do where a file of a model is absent."""
