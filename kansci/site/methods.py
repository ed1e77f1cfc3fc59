"""Formulas of the page of rules, as LaTeX: backslashes are no matter for a template."""

from __future__ import annotations

from markupsafe import Markup

from kansci.site.formula import mathml

FORMULAS = {
    "decades": (
        r"d = \frac{1}{P} \sum_{p=1}^{P} \min \left( 6, "
        r"\max \left( 0, \log_{10} \frac{e_0}{e_p} \right) \right)"
    ),
    "gain": r"g = \log_{10} \frac{N_{\text{ref}}}{N}",
    "exponent": r"\log_{10} \frac{e}{e_0} = a_{\text{task}} - \alpha \log_{10} N",
    "exact": r"\hat{f} - f = c \quad \text{or} \quad \hat{f} = c f, \; c \neq 0",
    "profile": r"\rho(\tau) = \sum_i w_i \, [d_i \geq r_i - \tau]",
    "area": r"\int_{-3}^{3} \rho(\tau) \, \mathrm{d}\tau",
    "friedman": (
        r"\chi^2 = \frac{12 \, T}{k (k + 1)} \sum_{j=1}^{k} "
        r"\left( \bar{R}_j - \frac{k + 1}{2} \right)^2"
    ),
    "holm": r"\tilde{p}_{(i)} = \max_{j \leq i} \min(1, (m - j + 1) \, p_{(j)})",
    "improvement": (
        r"P = \sum_i \frac{w_i}{S U} \sum_{s=1}^{S} \sum_{u=1}^{U} \left( [d_s > d_u + 0.02] "
        r"+ \frac{1}{2} [-0.02 \leq d_s - d_u \leq 0.02] \right)"
    ),
    "kendall": r"\tau_b = \frac{C - D}{\sqrt{(C + D + X)(C + D + Y)}}",
}


def formulas() -> dict[str, Markup]:
    """By name, each on a line of its own."""
    return {name: mathml(latex, block=True) for name, latex in FORMULAS.items()}
