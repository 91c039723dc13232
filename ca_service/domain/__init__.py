"""Records, transition tables and rules; no I/O."""
