"""What is installed, as `environment.txt` has it: one `name==version` a line, sorted."""

from __future__ import annotations

import re
from importlib.metadata import distributions

from packaging.utils import canonicalize_name


def installed() -> str:
    """Every distribution that Python finds, once; of two of a name, the one that it imports."""
    found: dict[str, str] = {}
    for one in distributions():
        name, version = one.metadata["Name"], one.metadata["Version"]
        if name and version and re.fullmatch(r"[A-Za-z0-9.!+_-]+", version):
            found.setdefault(canonicalize_name(name), version)
    return "".join(sorted(f"{name}=={version}\n" for name, version in found.items()))
