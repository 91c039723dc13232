"""Personal data planted in a running CA, and the search for it wherever it must not lie."""
