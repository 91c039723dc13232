"""The audit log as the auditor reads it."""
