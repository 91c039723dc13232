"""The service while something it needs is away."""
