"""What a submitted file does that a network has no need of, in plain words.

The file is parsed and never run. A warning is a label for whoever reviews it, never a proof: code
can hide from any scan, and some warnings have good reasons.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

MANY = 300  # numbers written out: more than any table of coefficients has
LONG = 2_000  # characters of one text

MODULES = {  # by their top names
    "asyncio": "starts processes or reaches the network by asyncio",
    "builtins": "reaches eval, open and their like by builtins",
    "codecs": "can read or write files by codecs",
    "ctypes": "reaches into memory by ctypes",
    "cffi": "reaches into memory by cffi",
    "gc": "can find objects of others by gc",
    "glob": "looks for files by glob",
    "http": "reaches the network",
    "importlib": "imports modules by name at run time",
    "inspect": "can look into frames and sources by inspect",
    "io": "can read or write files by io",
    "marshal": "reads code out of data by marshal",
    "mmap": "maps files into memory",
    "multiprocessing": "starts processes",
    "os": "reaches the operating system by os",
    "pathlib": "can read or write files by pathlib",
    "pickle": "reads objects out of data by pickle, which can run anything",
    "pkgutil": "reads files of packages",
    "requests": "reaches the network",
    "runpy": "runs other files",
    "shutil": "reads or writes files by shutil",
    "signal": "changes how signals are answered",
    "socket": "reaches the network by socket",
    "sqlite3": "reads or writes files by sqlite3",
    "subprocess": "starts processes by subprocess",
    "tempfile": "writes files by tempfile",
    "threading": "starts threads",
    "time": "can tell when it is timed",
    "urllib": "reaches the network",
}
PROMISED = ("kansci.bases", "kansci.models", "kansci.errors", "kansci.rules", "kansci.jets")
NAMES = {
    "__builtins__": "reaches built-in functions by name",
    "__file__": "asks where its file is",
    "__import__": "imports modules by name at run time",
    "__loader__": "asks how its file was loaded",
    "__spec__": "asks how its file was loaded",
    "breakpoint": "stops in a debugger",
    "compile": "makes code at run time",
    "eval": "runs text as code",
    "exec": "runs text as code",
    "globals": "reads or writes names at run time",
    "open": "opens files",
}
ATTRIBUTES = {
    "__code__": "looks into the code of functions",
    "__closure__": "looks into closures of functions",
    "__globals__": "reads globals of functions",
    "__subclasses__": "finds classes of others",
    "_current_frames": "looks into frames of callers",
    "_getframe": "looks into frames of callers",
    "currentframe": "looks into frames of callers",
    "environ": "reads the environment",
    "f_back": "looks into frames of callers",
    "f_locals": "looks into frames of callers",
    "from_file": "reads numbers from a file",
    "fromfile": "reads numbers from a file",
    "hub": "downloads by torch.hub",
    "load": "reads objects or numbers from a file",
    "loadtxt": "reads numbers from a file",
    "memmap": "maps files into memory",
    "modules": "",  # told apart below: that of a network is harmless
}


class Remark(NamedTuple):
    """A line of the file, and what it does."""

    line: int
    says: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.says}"


def scan(source: str) -> list[Remark]:
    """What a reviewer should look at, in the order of lines; each thing once a line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [Remark(getattr(error, "lineno", None) or 1, f"does not parse: {error}")]
    found = {one for node in ast.walk(tree) for one in _of(node)}
    return sorted({*found, *_numbers(tree)})


def _of(node: ast.AST) -> Iterator[Remark]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _imported(node.lineno, alias.name)
    elif isinstance(node, ast.ImportFrom):
        if node.level:
            yield Remark(node.lineno, "imports a file beside it, which is not submitted")
        for alias in node.names:
            yield from _imported(node.lineno, f"{node.module or ''}.{alias.name}")
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield Remark(node.lineno, NAMES[node.id])
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node)
    elif isinstance(node, ast.Constant) and _is_table(node.value):
        yield Remark(node.lineno, "holds a text that is longer than prose has any need to be")


def _imported(line: int, name: str) -> Iterator[Remark]:
    top = name.partition(".")[0]
    if top in MODULES:
        yield Remark(line, MODULES[top])
    elif top == "kansci" and not name.startswith(PROMISED) and name != "kansci.Model":
        yield Remark(line, f"imports {name}, which no network needs")
    elif top == "sys":
        yield Remark(line, "reaches the interpreter by sys")


def _attribute(node: ast.Attribute) -> Iterator[Remark]:
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    if node.attr == "modules":
        if owner == "sys":
            yield Remark(node.lineno, "finds modules of others by sys.modules")
    elif node.attr in ATTRIBUTES:
        yield Remark(node.lineno, ATTRIBUTES[node.attr])


def _is_table(value: object) -> bool:
    """Whether it is a long text or bytes, and no docstring, which has many short words."""
    if not isinstance(value, str | bytes) or len(value) <= LONG:
        return False
    return isinstance(value, bytes) or len(value.split()) <= len(value) / 20


def _numbers(tree: ast.AST) -> Iterator[Remark]:
    """Numbers are counted over the whole file: many small tables are one large one."""
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex)
    ]
    if len(lines) > MANY:
        yield Remark(lines[0], f"writes out {len(lines)} numbers, which training does not count")
