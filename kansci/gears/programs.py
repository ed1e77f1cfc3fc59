"""The compiled gear: a function of all members becomes a program that outlives the process.

A function of tensors `(member, ...)` is traced once to elementary operations, for any number of
members, and compiled ahead of time to a library that lies in a folder of its own; tasks of one
shape share it, and a later run only loads it. Whatever goes wrong, the answer is `None` and a
sentence that says why: then the function is run as it is.

Source: Ansel et al. 2024, "PyTorch 2", ASPLOS, https://doi.org/10.1145/3620665.3640366 (tracing,
Inductor); `torch._inductor.aoti_compile_and_package` of torch 2.6 and later.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.fx import GraphModule

from kansci.cache import folder
from kansci.gears.tracing import Lifted, room, traced

SECONDS = 900.0  # after which a compiler is given up
FORMAT = 3  # raised whenever the same trace would be compiled otherwise


class Program(NamedTuple):
    """A compiled function, or the reason why there is none."""

    run: Lifted | None
    reason: str = ""


def program(function: Lifted, example: Sequence[Tensor]) -> Program:
    """The compiled form of a function, out of the folder of programs where it is there.

    Args:
        function: takes and gives tensors `(member, ...)`; members do not meet in it.
        example: arguments of the shapes that it will be called with, but for the members.
    """
    if (missing := without_compiler(example[0].device)) is not None:
        return Program(None, missing)
    try:
        with _quiet():
            graph = traced(function, example)
            path = folder() / f"{_key(graph, example)}.pt2"
            with _locked(path):
                if not path.exists():
                    _compile(graph, example, path)
                return Program(_loaded(path))
    except Exception as problem:  # no failure here may become a failure of a model
        said = " ".join(str(problem).split())[:500]
        return Program(None, f"not compiled: {type(problem).__name__}: {said}")


@cache
def without_compiler(device: torch.device) -> str | None:
    """What is missing on this machine to compile for a device; `None` if nothing is."""
    if device.type != "cpu":
        return None
    if _compiler() is None:
        return "no C++ compiler on this machine: install g++ for the compiled gear"
    return None


def _compiler() -> Path | None:
    """The one that will be used, its links resolved."""
    names = (os.environ.get("CXX"), "g++", "clang++", "c++")
    found = (shutil.which(name) for name in names if name)
    return next((Path(path).resolve() for path in found if path), None)


def _compiler_at_hand() -> str:
    """A name for it that another version does not have."""
    path = _compiler()
    return f"{path}, {path.stat().st_mtime_ns}" if path else "none"


def _key(graph: GraphModule, example: Sequence[Tensor]) -> str:
    digest = sha256(graph.code.encode())
    for name, tensor in sorted(_constants(graph).items()):
        digest.update(repr((name, tensor.dtype, tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    for one in example:
        digest.update(
            repr((one.dtype, one.shape[1:], room(one, 1).stride(), one.device.type)).encode()
        )
    digest.update(repr((FORMAT, torch.__version__, sys.version_info[:2], _machine())).encode())
    return digest.hexdigest()[:32]


def _constants(graph: GraphModule) -> dict[str, Tensor]:
    names = {str(node.target) for node in graph.graph.nodes if node.op == "get_attr"}
    return {name: getattr(graph, name) for name in names}


@cache
def _machine() -> tuple[str, ...]:
    """Programs are made for one kind of processor, and would not run on a lesser one."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    capability = torch.backends.cpu.get_cpu_capability()
    return (platform.system(), platform.machine(), capability, _flags(), gpu)


def _flags() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return platform.processor()
    found = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return sha256(found.encode()).hexdigest()[:16]


def _compile(graph: GraphModule, example: Sequence[Tensor], path: Path) -> None:
    """In a process of its own: a compiler may take memory, hang or crash."""
    failed = path.with_suffix(".failed")
    if failed.exists():
        compiler, _, said = failed.read_text(encoding="utf-8").partition("\n")
        if compiler == _compiler_at_hand():  # once is enough
            raise RuntimeError(said)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        few = tuple(room(one, 3).copy_(one[:1]) for one in example)
        torch.save((graph, few), Path(scratch, "graph.pt"))
        command = [sys.executable, "-m", "kansci.gears.compiling", scratch]
        variables = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(path.parent / "inductor")}
        reason = _tried(command, variables)
        if reason:
            reason = f"{reason}; delete {failed} to try it again"
            failed.write_text(f"{_compiler_at_hand()}\n{reason}", encoding="utf-8")
            raise RuntimeError(reason)
        os.replace(Path(scratch, "program.pt2"), path)


def _tried(command: Sequence[str], variables: dict[str, str]) -> str:
    """Why the compiler failed, and would again; nothing, if it did not.

    Raises:
        RuntimeError: if it was killed from outside, which says nothing of the next time.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, env=variables
        )
    except subprocess.TimeoutExpired:
        return f"the compiler took more than {SECONDS:g} s"
    if done.returncode == -signal.SIGKILL:
        raise RuntimeError("the compiler's process was killed from outside")
    if done.returncode == 0:
        return ""
    last = (done.stderr.strip().splitlines() or ["no word"])[-1][:200]
    return f"the compiler's process ended with exit code {done.returncode}: {last}"


def _loaded(path: Path) -> Lifted:
    """The library of a file, called with lists of tensors and nothing else.

    `aoti_load_package` would start compilers to find out what this processor can do, which the
    key of a program says already, and read its call's layout anew in every call.
    """
    from torch._C._aoti import AOTIModelPackageLoader

    library = AOTIModelPackageLoader(str(path), "model", False, 1, -1)

    def run(*arguments: Tensor) -> tuple[Tensor, ...]:
        return tuple(library.boxed_run(list(arguments)))

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing and loading, about torch's own insides
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two processes that want the same program compile it once."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: both compile, and the last one stays
        yield
        return
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # freed by the system, should this process die
        yield
