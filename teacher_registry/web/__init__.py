"""The pages and their JSON variant."""
