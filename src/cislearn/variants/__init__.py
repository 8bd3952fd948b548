"""Variants: what each allele changes in what a model predicts."""
