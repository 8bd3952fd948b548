"""The small CNN of a textbook: both published networks beside a string search, under both losses and both scorings."""
