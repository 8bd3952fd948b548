"""Motif matrices: MEME files in and out, the packaged JASPAR collection, sampling of instances."""
