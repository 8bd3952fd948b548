"""Genomes, regions and windows: FASTA, the memory-mapped token genome, BED and peaks. Knows nothing of learning."""
