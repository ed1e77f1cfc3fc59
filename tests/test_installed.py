"""Models of installed packages: by reference, and by the entry-point group."""

import json
import sys
from pathlib import Path

import pytest
from calling import call

from kansci.discover import find_model, model_from, origin_of
from kansci.errors import UserError
from kansci.installed import list_installed

PACKAGE = """
from kansci import Model
from kansci.bases import BSpline
from kansci.models import KAN, within

def build(dim_in, dim_out, parameters):
    return within(parameters, lambda width: KAN((dim_in, width, dim_out), BSpline))

model = Model("{name}", build)
nothing = 1
"""
POINTS = "[kansci.models]\nouter = kans_of_tests.kans:model\nkan = kans_of_tests.kans:model\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A distribution as pip leaves it: modules, and its metadata beside them."""
    site = tmp_path / "site"
    (site / "kans_of_tests").mkdir(parents=True)
    (site / "kans_of_tests" / "__init__.py").write_text("", encoding="utf-8")
    (site / "kans_of_tests" / "kans.py").write_text(PACKAGE.format(name="outer"), encoding="utf-8")
    info = site / "outer_kans-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outer-kans\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(site)
    yield "kans_of_tests.kans"
    for name in [name for name in sys.modules if name.startswith("kans_of_tests")]:
        del sys.modules[name]


def test_a_reference_and_a_name_of_the_group_find_the_same_model(package: str) -> None:
    by_name, by_reference = find_model("outer"), find_model(f"{package}:model")
    assert by_name is by_reference
    assert by_name.name == "outer"
    assert by_name.build(2, 1, 250) is not None


def test_another_process_finds_the_model_again(package: str) -> None:
    model = find_model(f"{package}:model")
    origin = origin_of(model)
    assert origin is not None
    assert model_from(origin) is model


def test_the_source_of_the_package_is_part_of_the_hash(package: str, tmp_path: Path) -> None:
    before = find_model("outer").source_hash(2, 1, 250)
    path = tmp_path / "site" / "kans_of_tests" / "kans.py"
    path.write_text(path.read_text().replace("width,", "2 * width,"))
    del sys.modules["kans_of_tests.kans"]
    import linecache

    linecache.checkcache()
    assert find_model("outer").source_hash(2, 1, 250) != before


def test_listing_imports_nothing_and_names_the_distribution(package: str) -> None:
    assert list_installed()["outer"] == "outer-kans 1.5"
    rows = json.loads(call("models", "--json").stdout)
    assert {"name": "outer", "kind": "installed", "package": "outer-kans 1.5"} in rows
    assert package not in sys.modules


def test_no_package_takes_a_name_of_the_zoo(package: str) -> None:
    assert list_installed()["kan"] == "outer-kans 1.5"
    assert find_model("kan").entry is not None
    assert package not in sys.modules


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_package.kans:model", "No module named"),
        ("kans_of_tests.kans:nothing", "want a kansci.Model, got int"),
        ("kans_of_tests.kans:absent", "want a kansci.Model, got NoneType"),
        ("outre", "unknown model"),
    ],
)
def test_what_is_no_model_is_one_line(package: str, name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        find_model(name)
