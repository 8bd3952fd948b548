"""Speed and memory, measured side by side: one module a question, `python -m benchmarks.NAME` answers it.

Each writes `results/NAME.json` and, with all results at hand, `docs/benchmarks.md`.
"""
