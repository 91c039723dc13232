"""HTTP: the API, the console, publication, and the one table from domain errors to status codes."""
