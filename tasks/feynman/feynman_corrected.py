"""Two equations of AI Feynman as physics has them; neither counts among the 120.

Two waves of amplitudes x1 and x2 add up to x1^2 + x2^2 + 2 x1 x2 cos(theta1 - theta2), where AI
Feynman subtracts; and in the probability of a transition the coupling p_d Ef t / hbar is squared.

Source: Matsubara et al. 2022, "Rethinking Symbolic Regression Datasets and Benchmarks for
Scientific Discovery", arXiv:2206.10540, for the corrections.
We differ: the ranges are those of AI Feynman, so that only the formula is another.
"""

from kansci.regression import intervals, regression

WAVES = "sqrt(x1**2 + x2**2 + 2*x1*x2*cos(theta1 - theta2))"
TRANSITION = "(2*pi*p_d*Ef*t/h)**2*sin((omega - omega_0)*t/2)**2/((omega - omega_0)*t/2)**2"
SOURCE = "arXiv:1905.11481, corrected as in arXiv:2206.10540"

tasks = (
    regression(
        name="feynman_corrected/I.29.16",
        version=1,
        ranges=intervals("x1 1 5; x2 1 5; theta1 1 5; theta2 1 5"),
        truth=WAVES,
        source=SOURCE,
        about=f"physically corrected: {WAVES}",
    ),
    regression(
        name="feynman_corrected/III.9.52",
        version=1,
        ranges=intervals("p_d 1 3; Ef 1 3; t 1 3; h 1 3; omega 1 5; omega_0 1 5"),
        truth=TRANSITION,
        source=SOURCE,
        about=f"physically corrected: {TRANSITION}",
    ),
)
