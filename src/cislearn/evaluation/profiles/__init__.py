"""How well a predicted profile (reads along a window, strand by strand) agrees with the one observed."""
