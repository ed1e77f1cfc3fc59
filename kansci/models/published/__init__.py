"""Networks as their authors published them, quirks included; a file for each package."""

from importlib import import_module

PACKAGES = (
    *("pykan", "efficient_kan", "inkan", "flashkan", "bsrbf_kan"),
    *("fast_kan", "faster_kan", "relu_kan", "kanditioned"),
    *("cheby_kan", "jacobi_kan", "fourier_kan", "sine_kan", "wav_kan", "kat_rational"),
)

for _package in PACKAGES:
    import_module(f"{__name__}.{_package}")
