"""The authorisation matrix: every endpoint and every command x every role x own unit, subtree, foreign unit."""
