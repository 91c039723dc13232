"""Measurements for operators: Prometheus metrics, what follows the status log beside the requests, structured logs."""
