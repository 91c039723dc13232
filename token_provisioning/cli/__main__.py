"""`python -m token_provisioning.cli`."""

from token_provisioning.cli import main

main()
