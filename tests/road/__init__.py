"""The whole road, from a spreadsheet to a refused login, on the real programs: `make demo` and tests/e2e run it."""
