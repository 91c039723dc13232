"""The certification and registration authority: rules, workflows, store, signing, API, console and CLI."""
