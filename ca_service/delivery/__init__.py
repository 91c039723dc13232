"""What leaves the service: pushes to the CA's own API and messages to people."""
