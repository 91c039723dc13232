"""The accounts of a unit and the log of what was done to them. No HTTP in here."""
