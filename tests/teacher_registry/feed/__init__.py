"""The account feed, against a stand-in that signs real JWS."""
