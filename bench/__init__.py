"""Benchmarks; `python -m bench` runs them in turn."""
