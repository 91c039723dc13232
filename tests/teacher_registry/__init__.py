"""The teacher registry, from pure verification to curl and a browser."""
