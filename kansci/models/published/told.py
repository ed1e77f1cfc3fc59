"""The quirks of a published network stand in the docstring of its file, as a list, and only there.

They are words: to say one better moves no key of a Record, since docstrings are no code.
"""

from itertools import takewhile

START = "Quirks:"


def quirks(told: str | None) -> tuple[str, ...]:
    """The sentences of the list after `Quirks:`: a dash begins each, indented lines go on.

    Raises:
        ValueError: where there is no such list.
    """
    _, found, rest = (told or "").partition(f"\n{START}\n")
    if not found:
        raise ValueError(f"want a list after a line {START!r}, got {told!r}")
    lines = takewhile(lambda line: line.startswith(("- ", "  ")), rest.splitlines())
    items = "\n".join(lines).removeprefix("- ").split("\n- ")
    return tuple(" ".join(item.split()) for item in items)
