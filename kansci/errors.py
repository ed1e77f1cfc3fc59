"""What can go wrong in a way that a user can mend, or that a Record has to say."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

RAISED = (Exception, SystemExit)  # what somebody else's code may end with


class UserError(Exception):
    """What the user can mend: one line (wanted, got, what to do), never a traceback.

    It may quote a file of somebody else's: what a terminal would obey is shown as its escape.
    """

    def __str__(self) -> str:
        return one_line(str(self.args[0]) if self.args else "")


def one_line(text: str) -> str:
    """A text with all that does not print written as escapes."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def in_a_line(problem: BaseException) -> str:
    """What was raised, with its type."""
    return f"{type(problem).__name__}: {problem}".replace("\n", " ")[:300]


@contextmanager
def blamed(who: str) -> Iterator[None]:
    """Whatever somebody else's code raises is a UserError that says whose it is."""
    try:
        yield
    except UserError:
        raise
    except RAISED as problem:
        raise UserError(f"{who}: {in_a_line(problem)}") from problem


MANY = 20  # names that are read in a line
LISTED = {
    "task": "`kansci tasks` lists",
    "model": "`kansci models` lists",
    "model or task": "`kansci models` and `kansci tasks` list",
}


class UnknownName(UserError, LookupError):
    """A name or a pattern that nothing has; says which names come close."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.known = sorted(known)
        close = get_close_matches(name, self.known, n=3, cutoff=0.5)
        pattern = "the pattern matches nothing; " * ("*" in name or "?" in name)
        if close:
            advice = f"did you mean {' or '.join(map(repr, close))}?"
        elif len(self.known) <= MANY or kind not in LISTED:
            advice = f"there are: {', '.join(self.known) or 'none'}"
        else:
            advice = f"{LISTED[kind]} all {len(self.known)}"
            if not pattern:
                nearest = get_close_matches(name, self.known, n=3, cutoff=0.0)
                advice = f"the nearest are {', '.join(map(repr, nearest))}; {advice}"
        super().__init__(f"unknown {kind} {name!r}: {pattern}{advice}{hint and f' ({hint})'}")


class DoesNotFit(ValueError):
    """A network cannot be built within the budget: a row on every board, and no failure."""


class NotApplicable(ValueError):
    """A task asks for what a model does not do; says what, with the model as the subject."""


class OutOfTime(Exception):
    """The time limit of a cell has passed."""
