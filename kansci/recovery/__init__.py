"""Symbolic recovery: formulas searched for in networks, and compared with the true ones."""
