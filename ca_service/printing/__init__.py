"""Paper: forms to be stamped and sheets to be signed, as PDF (A4, Chinese), typeset by typst from plain data."""
