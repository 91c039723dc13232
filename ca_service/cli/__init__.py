"""`educa`: one module per noun; each command parses, calls a workflow and prints."""
