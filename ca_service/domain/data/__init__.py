"""Tables that the rules need, each with its source and date inside."""
