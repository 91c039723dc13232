"""The log as the auditor reads it: the verifier of the hash chain, the words, what is asked for, the export."""
