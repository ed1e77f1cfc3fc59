"""Gears: gradients of all members, computed as written, compiled, or replayed on a GPU."""
