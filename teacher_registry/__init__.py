"""The teacher registry (教师系统): the relying party that knows the CA only by what the CA publishes."""
