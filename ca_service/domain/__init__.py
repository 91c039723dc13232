"""Rules and records of the CA and RA: pure functions and frozen data, no I/O."""
