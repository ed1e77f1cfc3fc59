"""Networks of published packages: those that are installed are built and timed, others named."""

import sys
import types
from itertools import pairwise

import pytest
import torch
from torch import nn

import kansci.speed.clock
import kansci.speed.packages
from kansci.errors import DoesNotFit, UnknownName, UserError
from kansci.models import get_model, trainable
from kansci.speed.lane import perform
from kansci.speed.laps import Lap, lane_key
from kansci.speed.packages import PACKAGES, Bare, get_package, package_of
from kansci.speed.ratio import widened

CPU = torch.device("cpu")
ONE = (("inference", 1),)
PER_EDGE = {"inkan": 9, "flashkan": 9, "kanditioned": 32, "pykan": 12, "pykan-fast": 8}


@pytest.fixture
def inkan(monkeypatch):
    """A package of that name whose network is linear."""
    module = types.ModuleType("inkan")

    def network(widths, compile_basis):
        assert not compile_basis
        pairs = pairwise(widths)
        return nn.Sequential(*(nn.Linear(*pair, bias=False) for pair in pairs))

    monkeypatch.setattr(module, "KANNetwork", network, raising=False)
    monkeypatch.setitem(sys.modules, "inkan", module)
    monkeypatch.setattr(kansci.speed.packages, "version", lambda name: "9.9")


def numbers(widths):
    return sum(a * b for a, b in pairwise(widths))


@pytest.mark.parametrize(("budget", "widths"), [(250, (2, 83, 1)), (4_000, (2, 61, 61, 1))])
def test_a_package_fills_a_budget_as_deep_as_a_kan(inkan, budget, widths):
    network = get_package("inkan").build(2, 1, budget)
    assert trainable(network) == numbers(widths) <= budget


def test_a_package_is_called_so_and_takes_widths(inkan):
    model = get_package("inkan")
    assert (model.name, model.kind) == ("inkan-package", "package")
    wide = widened(model, (3, 5, 2))
    assert wide.name == "inkan-package[widths=3-5-2]"
    assert trainable(wide.build(3, 2, 10**9)) == numbers((3, 5, 2))
    with pytest.raises(DoesNotFit):
        wide.build(3, 2, 10)
    with pytest.raises(DoesNotFit, match="narrowest"):
        model.build(2, 1, 2)


def test_a_record_says_which_package_and_version_was_timed(inkan, monkeypatch):
    monkeypatch.setattr(kansci.speed.clock, "BLOCKS", 3)
    monkeypatch.setattr(kansci.speed.clock, "BLOCK_SECONDS", 1e-4)
    lap = Lap(get_package("inkan"), (2, 3, 1), "float64", "eager", CPU, ONE)
    record = perform(lap, precision=1e3, seconds=5)
    assert (record.status, record.reason) == ("ok", "")
    assert (record.model, record.package) == ("inkan-package", "inkan 9.9")
    key = lane_key(lap, 0.05)
    monkeypatch.setattr(kansci.speed.packages, "version", lambda name: "10")
    assert lane_key(lap, 0.05) != key


def test_no_model_of_the_zoo_is_a_package():
    assert package_of(get_model("inkan-published")) == ""


def test_a_package_that_is_not_installed_is_named_in_one_line(monkeypatch):
    monkeypatch.setattr(kansci.speed.packages, "import_module", missing)
    with pytest.raises(UserError, match=r"pip install 'kansci\[peers\]'") as raised:
        get_package("flashkan")
    assert "\n" not in str(raised.value)


def missing(name):
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_an_unknown_package_is_told_what_comes_close():
    with pytest.raises(UnknownName, match="did you mean 'pykan'"):
        get_package("pykann")


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.filterwarnings("ignore")  # other people's
def test_an_installed_package_computes_what_is_timed(name, monkeypatch):
    pytest.importorskip(PACKAGES[name].module)
    model = get_package(name)
    assert package_of(model) == f"{model.source.removesuffix(' on PyPI')}"
    network = widened(model, (3, 4, 2)).build(3, 2, 10**9).double()
    assert trainable(network) == PER_EDGE[name] * numbers((3, 4, 2))
    x = torch.rand(6, 3, dtype=torch.float64)
    y = network(x)
    assert (y.shape, y.dtype) == ((6, 2), torch.float64)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(y.square().mean(), weights)  # raises for what is never used
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.filterwarnings("ignore")
def test_pykan_is_not_asked_for_tensors_that_no_machine_holds():
    pytest.importorskip("kan")
    with pytest.raises(DoesNotFit, match="edges"):
        widened(get_package("pykan"), (784, 256, 10)).build(784, 10, 10**9)


def test_what_takes_no_dtype_is_wrapped_so_that_it_does():
    class Stubborn(nn.Linear):
        def to(self, device):
            raise TypeError

    assert Bare(Stubborn(2, 1)).to(CPU, torch.float64)(torch.rand(3, 2).double()).shape == (3, 1)
