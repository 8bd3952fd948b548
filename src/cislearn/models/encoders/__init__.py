"""One file an encoder. Importing this package registers all of them."""

from cislearn.models.encoders import bpnet, dann_tf, motif_cnn, wide

__all__ = ["bpnet", "dann_tf", "motif_cnn", "wide"]
