"""`make bench`: every benchmark in turn; each prints its table with the ratio to a peer measured in the same run."""

import runpy

_BENCHES = (
    "certificate_tbs",
    "roster_import",
    "ocsp_http",
    "registry_verification",
    "hostile_chains",
    "registry_morning",
    "token_enrolment",
    "token_box",
)


def main() -> None:
    """Run them all."""
    for name in _BENCHES:
        print(f"== {name}", flush=True)
        runpy.run_module(f"bench.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
