"""The user's cache: what takes long to make, and can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """Where compiled programs and computed truths lie: `$KANSCI_CACHE`, else the user's folder."""
    own = os.environ.get("KANSCI_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kansci"
    place = Path(own) if own else base / "programs"
    place.mkdir(parents=True, exist_ok=True)
    return place
