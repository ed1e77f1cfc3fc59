"""Whether a submission's Records can be believed: drawn, run and judged in three steps.

`audit` draws which cells are trained again and from which seeds, `trainings` and `running` do it,
`judging` gives the verdict. Only the first step needs a secret, and only the second runs anything
that was submitted.
"""
