"""Benchmarks, and what they fill a service with."""
