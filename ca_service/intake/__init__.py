"""Hostile bytes in, typed rows out: spreadsheets, scans and unit files."""
