"""What can go wrong in a way that a user can mend, or that a Record has to say."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """What the user can mend: one line (wanted, got, what to do), never a traceback."""


class UnknownName(UserError, LookupError):
    """A name that nothing has; says which names come close."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.known = sorted(known)
        close = get_close_matches(name, self.known, n=3, cutoff=0.5)
        if close:
            advice = f"did you mean {' or '.join(repr(one) for one in close)}?"
        else:
            advice = f"there are: {', '.join(self.known) or 'none'}"
        super().__init__(f"unknown {kind} {name!r}: {advice}{hint and f' ({hint})'}")

    def __str__(self) -> str:  # LookupError would show the text in quotes
        return str(self.args[0])


class DoesNotFit(ValueError):
    """A network cannot be built within the budget: a row on every board, and no failure."""


class NotApplicable(ValueError):
    """A task asks for what a model does not do; says what, with the model as the subject."""


class OutOfTime(Exception):
    """The time limit of a cell has passed."""
