"""What an adaptation did to the features, how far the share of positives moved, and what could be chosen unlabelled."""
