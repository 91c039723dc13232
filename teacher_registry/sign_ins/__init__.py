"""First sign-ins are reported to the CA, for its campaign board."""
