"""`make bench`: every benchmark in turn; each prints its table with the ratio to a peer measured in the same run.

`python -m bench --quick [name ...]` runs some of them in seconds, to see that they still work.
"""

import importlib
import runpy
import sys

BENCHES = (
    "certificate_tbs",
    "crl_million",
    "ocsp_presign",
    "ocsp_nonce",
    "ocsp_http",
    "enrolment_crowd",
    "token_enrolment",
    "token_box",
    "wire_cuts",
    "issuing",
    "audit_verify",
    "propagation",
    "flat",
    "upgrade",
)
"""Those that have a quick mode."""
_LONG = (
    "roster_import",
    "console_pages",
    "registry_verification",
    "hostile_chains",
    "registry_morning",
    "malformed",
)


def main() -> int:
    """Run those that are named, or all; 1 if a goal was missed."""
    quick, named = "--quick" in sys.argv, [name for name in sys.argv[1:] if not name.startswith("-")]
    sys.argv[1:] = []
    missed = 0
    for name in named or (BENCHES if quick else (*BENCHES, *_LONG)):
        print(f"-- {name}", flush=True)
        if name in BENCHES:
            missed |= importlib.import_module(f"bench.{name}").main(quick=quick)
        else:
            runpy.run_module(f"bench.{name}", run_name="__main__")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
