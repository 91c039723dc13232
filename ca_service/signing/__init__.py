"""Keys: PKCS#11 tokens, and the one place where a CA key signs."""
