"""Every model in its kansci form; a file for each family, in the order of the listing."""

from importlib import import_module

FAMILIES = (
    "perceptrons",
    "splines",
    "bells",
    "lines",
    "polynomials",
    "periodic",
    "wavelets",
    "rationals",
    "others",
    "controls",
    "classical",
)

for _family in FAMILIES:
    import_module(f"{__name__}.{_family}")
