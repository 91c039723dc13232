"""Tests of OCSP answers signed ahead."""
