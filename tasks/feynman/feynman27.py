"""Dimensionless equations from the Feynman lectures, as the KAN paper chose them.

A row of the table is a task: a formula, and the interval of each input, in order.

Source: Liu et al. 2024, "KAN: Kolmogorov-Arnold Networks", arXiv:2404.19756, table 2, after
Udrescu and Tegmark 2020, "AI Feynman", arXiv:1905.11481.
We differ: the paper gives no ranges; ours keep clear of every singularity, where the usual
[-1, 1] does not. Of III.9.52 the dimensionless form is our own reading.
"""

from pathlib import Path

from kansci.regression import intervals, regression, rows

tasks = tuple(
    regression(
        name=f"feynman27/{row['id']}",
        version=1,
        ranges=intervals(row["ranges"]),
        truth=row["formula"],
        source="arXiv:2404.19756, table 2",
        cluster=row["cluster"] and f"feynman27/{row['cluster']}",
    )
    for row in rows(Path(__file__).with_suffix(".csv"))
)
