"""`make bench`: every benchmark in turn; each prints its table with the ratio to a peer measured in the same run.

`python -m bench --quick [name ...]` runs some of them in seconds, to see that they still work.
"""

import importlib
import sys

BENCHES = ("certificate_tbs", "roster_import", "crl_million", "ocsp_presign", "ocsp_nonce", "ocsp_http")


def main() -> int:
    """Run those that are named, or all; 1 if a goal was missed."""
    quick, named = "--quick" in sys.argv, [name for name in sys.argv[1:] if not name.startswith("-")]
    missed = 0
    for name in named or BENCHES:
        print(f"-- {name}", flush=True)
        missed |= importlib.import_module(f"bench.{name}").main(quick=quick)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
