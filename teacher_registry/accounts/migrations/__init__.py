"""The registry's schema, revision by revision."""
