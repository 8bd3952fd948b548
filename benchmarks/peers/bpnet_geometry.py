"""What `benchmarks.profiles` and bpnet-lite's part in it must agree on."""

LENGTH, POSITIONS, LAYERS = 2114, 1000, 8
"""bp of a window and of its profile, dilated layers: as in ChromBPNet."""
BATCH, WARM, STEPS = 64, 1, 2
"""Windows of a batch; steps of a measurement that do not count, and that do."""
WINDOWS = 128
"""Predicted in one measurement."""
COUNTS_WEIGHT, RATE = 10.0, 1e-3
"""Of the count loss; of stochastic gradient descent."""
FILES = "files.npz"
