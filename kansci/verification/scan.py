"""What a submitted file does that a network has no need of, in plain words.

The file is parsed and never run. It may import what docs/submitting.md lists, and all else is
remarked upon. A warning is a label for whoever reviews it, never a proof: code can hide from any
scan, and some warnings have good reasons.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from kansci.submission.source import disguised

MANY = 300  # numbers written out: more than any table of coefficients has
LONG = 2_000  # bytes of one text
BULK = 4_000  # bytes of all numbers and texts, those of docstrings where the file reads them
VARIED = 1_000  # names that differ: they can be read as a text
LARGE = 60_000  # letters of the whole file

LIBRARY = """__future__ abc bisect cmath collections contextlib copy dataclasses enum fractions
functools heapq itertools math numbers operator statistics typing warnings"""
ALLOWED = {"kansci", "numpy", "scipy", "torch", *LIBRARY.split()}  # by their top names
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
    "sys": "reaches the interpreter by sys",
    "urllib": "reaches the network",
}
HARMLESS = {"signal", "time"}  # as names of something else: `scipy.signal`, an input
PROMISED = ("kansci.bases.", "kansci.models.", "kansci.errors.", "kansci.rules.", "kansci.jets.")
HASH = "answers itself what the hash of its code is"
NAMES = {
    "__annotations__": "reads names of its source",
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
    "locals": "reads or writes names at run time",
    "open": "opens files",
    "source_hash": HASH,
    "vars": "reads or writes names at run time",
}
FRAMES = "looks into frames of callers"
FILES = "reads numbers or objects from a file, or writes one"
SEEDS = "has random numbers of its own, beside those that it is lent"
ATTRIBUTES = {
    **{name: said for name, said in MODULES.items() if name not in HARMLESS},
    **{name: said for name, said in NAMES.items() if name.startswith("__")},
    **dict.fromkeys(("_current_frames", "_getframe", "currentframe", "exc_info"), FRAMES),
    **dict.fromkeys(("__traceback__", "tb_frame", "f_back", "f_builtins", "f_globals"), FRAMES),
    **dict.fromkeys(("f_locals", "gi_frame", "cr_frame", "ag_frame"), FRAMES),
    **dict.fromkeys(("from_file", "fromfile", "fromregex", "genfromtxt", "load"), FILES),
    **dict.fromkeys(("load_library", "loadtxt", "savetxt", "tofile"), FILES),
    "__annotations__": "reads names of its source",
    **dict.fromkeys(("Generator", "RandomState", "default_rng", "manual_seed"), SEEDS),
    "__closure__": "looks into closures of functions",
    "__code__": "looks into the code of functions",
    "__dict__": "reads or writes names at run time",
    "__getattribute__": "finds attributes by names made at run time",
    "__globals__": "reads globals of functions",
    "__subclasses__": "finds classes of others",
    "attrgetter": "finds attributes by names made at run time",
    "cpp_extension": "compiles code of another language",
    "ctypeslib": "reaches into memory by ctypes",
    "environ": "reads the environment",
    "get_type_hints": "runs text as code",
    "hub": "downloads by torch.hub",
    "initial_seed": "asks which seed it was given",
    "memmap": "maps files into memory",
    "methodcaller": "finds attributes by names made at run time",
    "modules": "finds modules of others",  # but for the method of a network
    "source_hash": HASH,
}
COMPUTED = {"getattr", "setattr", "delattr"}


class Remark(NamedTuple):
    """A line of the file, and what it does."""

    line: int
    says: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.says}"


def scan(source: str | bytes) -> list[Remark]:
    """What a reviewer should look at, in the order of lines; each thing once a line.

    It is parsed from its bytes, as Python's loader does: a text would be parsed past its cookie.
    """
    data = source.encode(errors="surrogatepass") if isinstance(source, str) else source
    veil = (
        [Remark(1, f"is read otherwise than it looks: {why}")] if (why := disguised(data)) else []
    )
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        return [*veil, Remark(line, f"does not parse: {error}")]
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = {*veil, *(one for node in ast.walk(tree) for one in _of(node, node in called))}
    if len(source) > LARGE:
        found.add(Remark(1, f"is {len(source)} letters long, more than a network has need of"))
    return sorted({*found, *_bulk(tree)})


def _of(node: ast.AST, called: bool) -> Iterator[Remark]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _imported(node.lineno, alias.name)
    elif isinstance(node, ast.ImportFrom):
        if node.level:
            yield Remark(node.lineno, "imports a file beside it, which is not submitted")
        for alias in node.names:
            yield from _imported(node.lineno, f"{node.module or ''}.{alias.name}")
    elif isinstance(node, ast.Name):
        if node.id in NAMES:
            yield Remark(node.lineno, NAMES[node.id])
        elif node.id in COMPUTED and not called:
            yield Remark(node.lineno, f"hands {node.id} on, which finds attributes by any name")
    elif isinstance(node, ast.Call):
        yield from _computed(node)
    elif isinstance(node, ast.Attribute):
        if not (node.attr == "modules" and called):
            yield from _attribute(node.lineno, node.attr)
    elif isinstance(node, ast.FunctionDef) and node.name == "source_hash":
        yield Remark(node.lineno, HASH)
    elif isinstance(node, ast.MatchClass):
        for name in node.kwd_attrs:
            yield from _attribute(node.lineno, name)


def _imported(line: int, name: str) -> Iterator[Remark]:
    """What is imported, as `torch.nn` or, from a module, `torch.nn.Linear`."""
    top, *inner = name.split(".")
    if top == "kansci":
        if name != "kansci.Model" and not f"{name}.".startswith(PROMISED):
            yield Remark(line, f"imports {name}, which no network needs")
    elif top in MODULES:
        yield Remark(line, MODULES[top])
    elif top and top not in ALLOWED:
        yield Remark(line, f"imports {top}, which is not among what a submission may import")
    if "*" in inner:
        yield Remark(line, f"imports whatever {top} has, by names that nobody sees")
    for part in inner if top in ALLOWED else ():
        yield from _attribute(line, part)


def _attribute(line: int, name: str) -> Iterator[Remark]:
    if name in ATTRIBUTES:
        yield Remark(line, ATTRIBUTES[name])


def _computed(node: ast.Call) -> Iterator[Remark]:
    """Attributes that are found by a name: it should stand there, and be harmless."""
    if not isinstance(node.func, ast.Name) or node.func.id not in COMPUTED:
        return
    name = node.args[1] if len(node.args) > 1 else None
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield from _attribute(node.lineno, name.value)
    else:
        yield Remark(node.lineno, f"finds attributes by names made at run time, by {node.func.id}")


def _bulk(tree: ast.AST) -> Iterator[Remark]:
    """What is written out is counted over the whole file: many small tables are one large one."""
    prose = set() if _reads_docstrings(tree) else set(_docstrings(tree))
    literals = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    plain = [node for node in literals if node not in prose]
    numbers = [node.lineno for node in plain if isinstance(node.value, int | float | complex)]
    if len(numbers) > MANY:
        yield Remark(
            numbers[0], f"writes out {len(numbers)} numbers, which training does not count"
        )
    sizes = [(node.lineno, _size(node.value)) for node in plain]
    for line, size in sizes:
        if size > LONG:
            yield Remark(line, "holds a text or number that is longer than a network has need of")
    if (total := sum(size for _, size in sizes)) > BULK:
        yield Remark(1, f"writes out {total} bytes of numbers and texts")
    if (total := len(_names(tree))) > VARIED:
        yield Remark(1, f"has {total} different names, which a file can read")


def _reads_docstrings(tree: ast.AST) -> bool:
    said = (getattr(one, name, "") for one in ast.walk(tree) for name in ("id", "attr", "value"))
    return "__doc__" in (one for one in said if isinstance(one, str))


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value


def _size(value: object) -> int:
    """Bytes that a literal takes, about; small numbers take next to nothing."""
    if isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, int):
        return value.bit_length() // 3  # decimal digits, which Python does not write out for ever
    return 8 if isinstance(value, float | complex) else 0


def _names(tree: ast.AST) -> set[str]:
    """All that a file calls by a name: variables, attributes, arguments, functions, classes."""
    fields = ("id", "attr", "arg", "name", "asname")
    said = (getattr(node, field, None) for node in ast.walk(tree) for field in fields)
    return {text for text in said if isinstance(text, str)}
