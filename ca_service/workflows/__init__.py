"""One module per use case; each public function is one transaction unless it says otherwise."""
