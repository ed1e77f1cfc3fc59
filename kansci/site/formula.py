r"""Formulas as MathML, which browsers set themselves, offline.

What cannot be read as LaTeX is shown as it was written: a formula of a submission may be anything.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markupsafe import Markup, escape

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
TAGS = {
    *("math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mstyle", "mpadded", "mphantom"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "mover", "munder", "munderover"),
    *("mtable", "mtr", "mtd", "menclose", "mmultiscripts", "mprescripts", "none"),
}
OPENED, CLOSED = re.compile(r"\\[bB]igg?l?\("), re.compile(r"\\[bB]igg?r?\)")
CITED = re.compile(r"\b(arXiv:(\d{4}\.\d{4,5})|doi:(10\.\d{4,9}/[\w.()/-]*\w))", re.ASCII)
SECTIONS = re.compile(r"^(Args|Shape|Attributes|Returns|Raises|Source|We differ|Example)s?:", re.M)


@cache
def mathml(latex: str, *, block: bool = False) -> Markup:
    """LaTeX as MathML, or as code where it is none."""
    try:
        found = convert(_paired(latex), display="block" if block else "inline")
    except Exception:  # the library raises errors of its own and, for some input, Python's
        found = ""
    return Markup(found) if _harmless(found) else Markup("<code>{}</code>").format(latex)


def prose(text: str) -> Markup:
    """Text with formulas between `$` or `$$` and code between backquotes; all else is escaped."""
    parts = re.split(r"(\$\$[^$]+\$\$|\$[^$]+\$|`[^`]+`)", text)
    return Markup("").join(_part(part) for part in parts)


def linked(text: str) -> Markup:
    """Text whose arXiv numbers and DOIs lead to what they name; all else is escaped."""
    parts, start = [], 0
    for found in CITED.finditer(text):
        said, number, doi = found.groups()
        address = f"https://arxiv.org/abs/{number}" if number else f"https://doi.org/{doi}"
        link = Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, said)
        parts += [escape(text[start : found.start()]), link]
        start = found.end()
    return Markup("").join([*parts, escape(text[start:])])


def told(kind: type) -> Markup | None:
    """The beginning of a class's docstring: what it is, and its formula."""
    text = inspect.cleandoc(kind.__doc__ or "")
    about = SECTIONS.split(text)[0].strip()
    return Markup("<br>").join(map(prose, about.split("\n\n"))) if about else None


def _paired(latex: str) -> str:
    """Large brackets as a pair that grows with what it holds: an exponent is then of the pair."""
    if len(OPENED.findall(latex)) != len(CLOSED.findall(latex)):
        return latex
    return CLOSED.sub(r"\\right)", OPENED.sub(r"\\left(", latex))


def _harmless(markup: str) -> bool:
    r"""Whether there is nothing in it but formulas: the library copies what stands in `\text`."""
    try:
        root = ElementTree.fromstring(markup)
    except ElementTree.ParseError:
        return False
    parts = list(root.iter())
    plain = all(part.tag.removeprefix(NAMESPACE) in TAGS for part in parts)
    names = {name for part in parts for name in part.attrib}
    acts = any(name.startswith("on") or name in ("href", "src", "style") for name in names)
    return plain and not acts and "<!" not in markup and "<?" not in markup


def _part(part: str) -> Markup:
    if part.startswith("$") and part.strip("$"):
        return mathml(" ".join(part.strip("$").split()), block=part.startswith("$$"))
    if len(part) > 2 and part[0] == part[-1] == "`":
        return Markup("<code>{}</code>").format(part[1:-1])
    return escape(part)
