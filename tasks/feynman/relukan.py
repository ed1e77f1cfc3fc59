"""The six functions that ReLU-KAN was fitted to, on [0, 1].

Source: Qiu et al. 2024, "ReLU-KAN", arXiv:2406.02075: formulas as its table states them.
We differ: the authors' script fits x^2 + x + 1 as f3 where the table says exp(x), and draws f6
for a narrower network than the table does. In their figures the KAN's f3 ends at e and that of
ReLU-KAN at 3: the two were fitted to different functions.
"""

from kansci.regression import regression

FORMULAS = {
    "f1": ("sin(pi*x)", "x"),
    "f2": ("sin(5*pi*x) + x", "x"),
    "f3": ("exp(x)", "x"),
    "f4": ("sin(pi*x1 + pi*x2)", "x1 x2"),
    "f5": ("exp(sin(pi*x1) + x2**2)", "x1 x2"),
    "f6": ("exp(sin(pi*x1**2 + pi*x2**2) + sin(pi*x3**2 + pi*x4**2))", "x1 x2 x3 x4"),
}

tasks = tuple(
    regression(
        name=f"relukan/{name}",
        version=1,
        ranges=dict.fromkeys(variables.split(), (0.0, 1.0)),
        truth=formula,
        source="arXiv:2406.02075",
    )
    for name, (formula, variables) in FORMULAS.items()
)
