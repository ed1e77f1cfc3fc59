"""The scan of a submitted source remarks on what no network needs, and on nothing that one does."""

import re
from pathlib import Path

import pytest

from kansci.submission.template import TEMPLATE
from kansci.verification.scan import ALLOWED, LIBRARY, scan

DOC = (Path(__file__).parent.parent / "docs" / "submitting.md").read_text(encoding="utf-8")
FILES = [TEMPLATE, *re.findall(r"```python\n(.*?)```", DOC, flags=re.DOTALL)]
MANGLED = "abcdefgh "
TORCH = "import torch\n"


@pytest.mark.parametrize("text", FILES)
def test_nothing_is_said_of_the_template_and_of_the_examples(text: str) -> None:
    assert scan(text) == []


def test_what_may_be_imported_is_what_the_page_says() -> None:
    contract = DOC.partition("## The contract")[2].partition("## ")[0]
    named = {"__future__", *re.findall(r"`(\w+)`", contract)}
    assert set(LIBRARY.split()) <= named
    assert set(LIBRARY.split()) < ALLOWED


@pytest.mark.parametrize("name", sorted(ALLOWED - {"kansci"}))
def test_what_is_allowed_gives_no_remark(name: str) -> None:
    assert scan(f"import {name}") == []
    assert scan(f"from {name} import something") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("torch.sys.modules['x']", "interpreter by sys"),
        ("torch.os", "operating system"),
        ("torch.nn.functional.warnings.sys", "interpreter by sys"),
        ("torch.builtins", "eval"),
        ("getattr(torch.sys, '_get' + 'frame')", "made at run time"),
        ("getattr(torch, 'sys')", "interpreter by sys"),
        ("setattr(torch, name, 1)", "made at run time"),
        ("map(getattr, things, names)", "hands getattr on"),
        ("error.__traceback__.tb_frame.f_globals", "frames"),
        ("vars(torch)['sys']", "at run time"),
        ("torch.__dict__['sys']", "at run time"),
        ("object.__getattribute__(torch, 'sys')", "made at run time"),
        ("torch.__builtins__", "built-in functions"),
        ("match torch:\n case object(sys=found): pass", "interpreter by sys"),
        ("from torch import os", "operating system"),
        ("from torch import *", "nobody sees"),
        ("from torch.hub import load", "downloads"),
        ("import torch.utils.cpp_extension", "another language"),
        ("from operator import attrgetter", "made at run time"),
        ("class A:\n x: 1\nA.__annotations__", "names of its source"),
        ("table.modules['x']", "modules of others"),
        ("torch.manual_seed(0)", "random numbers of its own"),
        ("torch.Generator()", "random numbers of its own"),
        ("from torch import Generator", "random numbers of its own"),
        ("from sklearn.datasets import load_digits", "imports sklearn"),
        ("import pandas", "imports pandas"),
        ("import linecache", "imports linecache"),
        ("import kansci.models_of_others", "which no network needs"),
    ],
)
def test_simple_ways_around_it_are_remarked_upon(text: str, said: str) -> None:
    assert any(said in str(one) for one in scan(TORCH + text)), scan(TORCH + text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"table = 0x{'9f' * 50_000}", "longer than a network has need of"),
        (f"table = {MANGLED * 20_000!r}", "longer than a network has need of"),
        (f"table = {[MANGLED * 222] * 100!r}", "bytes of numbers and texts"),
        (f"table = {[b'x' * 1_999] * 100!r}", "bytes of numbers and texts"),
        ("\n".join(f"x{i}: int" for i in range(10_000)), "10001 different names"),
        (f"def f(): {MANGLED * 1_000!r}\nf.__doc__", "longer than a network has need of"),
        ("x = 1\n" * 20_000, "letters long"),
        (f"table = [{'123456, ' * 301}]", "writes out 301 numbers"),
    ],
)
def test_what_is_written_out_counts_over_the_whole_file(text: str, said: str) -> None:
    assert any(said in str(one) for one in scan(text)), scan(text)[:3]


def test_docstrings_that_nobody_reads_and_modules_of_a_network_are_harmless() -> None:
    assert scan(f'"""{MANGLED * 400}"""\n') == []
    assert scan("[part for part in network.modules()]") == []
    assert scan("getattr(network, 'basis', None)") == []
