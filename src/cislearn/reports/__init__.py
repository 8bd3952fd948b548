"""One self-contained HTML page that says what an experiment found, drawn from what its folder holds."""
