"""Networks as their authors published them, quirks included; a file for each package."""

from importlib import import_module

PACKAGES: tuple[str, ...] = ()

for _package in PACKAGES:
    import_module(f"{__name__}.{_package}")
