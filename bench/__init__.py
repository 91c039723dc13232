"""Benchmarks: each prints its numbers beside the goal or the peer measured in the same run."""
