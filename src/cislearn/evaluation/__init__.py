"""Arrays in, numbers out: metrics, their intervals, paired differences, the distance between domains."""
