"""The packaged profiles, one TOML file each; a package so that builds carry them along."""
