"""Malformed requests at every endpoint, as everybody who may ask: no 5xx, no traceback, nothing written, no growth."""
