"""deploy/: units, proxy and database rules as they are installed."""
