"""`python -m teacher_registry.cli`."""

from teacher_registry.cli import main

main()
