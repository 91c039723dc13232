"""The verifier of the hash chain."""
