"""One file an encoder. Importing this package registers all of them."""

from cislearn.models.encoders import dann_tf, frss, motif_cnn, wide, zhou

__all__ = ["dann_tf", "frss", "motif_cnn", "wide", "zhou"]
