"""The 120 equations of AI Feynman, with the ranges of its authors.

A row of the table is a task: a formula, and the interval of each input, in order. A hundred come
from the Feynman lectures and are named for their equation; the other twenty, `test_1` to
`test_20`, come from other books of physics, and `about` says from which. A hundred forms are
distinct: rows of one cluster are equal up to names and a factor.

Source: Udrescu and Tegmark 2020, "AI Feynman", arXiv:1905.11481, tables 4 and 5.
We differ: seven ids had lost a digit or had another one, I.6.2a for instance, and bear the number
that the equation has in the lectures; common factors are written once.
"""

from pathlib import Path

from kansci.regression import intervals, regression, rows

tasks = tuple(
    regression(
        name=f"feynman/{row['id']}",
        version=1,
        ranges=intervals(row["ranges"]),
        truth=row["formula"],
        source="arXiv:1905.11481",
        about=f"{row['about']}: {row['formula']}" if row["about"] else "",
        cluster=row["cluster"] and f"feynman/{row['cluster']}",
    )
    for row in rows(Path(__file__).with_suffix(".csv"))
)
