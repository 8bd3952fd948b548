"""One file an encoder. Importing this package registers all of them."""

from cislearn.models.encoders import alexnet, basset, bpnet, dann_tf, frss, inception, motif_cnn, small_cnn, wide, zhou

__all__ = ["alexnet", "basset", "bpnet", "dann_tf", "frss", "inception", "motif_cnn", "small_cnn", "wide", "zhou"]
