"""The CA's account feed: pulled, proven, applied once and in order."""
