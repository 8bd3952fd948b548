"""Plain torch modules: layers, stages, encoders, heads and the network that they make."""
