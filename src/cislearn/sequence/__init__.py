"""Bases as arrays: letters to tokens and back, strands, hashes, composition. Knows nothing of genomes."""
