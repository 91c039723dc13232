"""What the CA publishes over HTTP (OCSP, CRLs), fetched with bounds and kept for as long as it may be
believed.
"""
