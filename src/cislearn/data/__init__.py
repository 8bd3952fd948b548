"""Examples: read files, prepare, dataset folders, splits, leaks, batches, views, the simulator."""
