"""The schema of the certification authority, revision by revision."""
