"""References: every source that models and tasks name has an entry."""

import re
from pathlib import Path

import pytest
from calling import call

from kansci.citations import Entry, bibtex, cited, entries
from kansci.discover import find_tasks, home
from kansci.errors import UserError
from kansci.models import get_model, list_models

KNOWN = entries(home("leaderboards") / "references.bib")
ROOT = Path(__file__).parent.parent


def test_every_source_of_the_zoo_and_of_the_tasks_has_an_entry():
    sources = [get_model(name).source for name in list_models()]
    _, lacking = cited([*sources, *(task.source for task in find_tasks("*"))], KNOWN)
    assert lacking == []


def test_every_number_of_arxiv_that_a_model_names_has_an_entry():
    named = {
        number
        for name in list_models()
        for number in re.findall(r"arXiv:(\d+\.\d+)", get_model(name).source)
    }
    assert len(named) > 10
    assert named <= {mark for entry in KNOWN for mark in entry.marks}


def test_no_two_entries_share_a_key_or_a_mark():
    keys = [entry.key for entry in KNOWN]
    marks = [mark for entry in KNOWN for mark in entry.marks]
    assert len(set(keys)) == len(keys)
    assert len(set(marks)) == len(marks)


def test_kansci_is_cited_as_its_own_file_says():
    said = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    own = next(entry for entry in KNOWN if entry.key == "kansci").text
    for pattern in (r"^version: (.+)$", r"^title: (.+)$", r"- name: (.+)$"):
        found = re.search(pattern, said, re.MULTILINE)
        assert found
        assert found[1] in own.replace("{", "").replace("}", "")


def test_only_what_is_named_is_cited_and_what_has_no_entry_is_said():
    found, lacking = cited(["Li 2024, arXiv:2405.06721", "Nobody 2031", "textbook"], KNOWN)
    assert [entry.key for entry in found] == ["kansci", "li2024fastkan"]
    assert lacking == ["Nobody 2031"]


@pytest.mark.parametrize("source", ["arXiv:2405.067210", "arXiv:12405.06721"])
def test_a_longer_number_is_another_source(source: str):
    assert not Entry("li", "", ("2405.06721",)).meant(source)


def test_what_is_printed_is_bibtex_without_fields_of_ours():
    text = bibtex(KNOWN)
    assert "named =" not in text
    assert text.count("\n@") + 1 == len(KNOWN)
    assert text.count("{") == text.count("}")


def test_a_file_without_entries_is_refused(tmp_path: Path):
    for path in (tmp_path / "none.bib", tmp_path / "empty.bib"):
        if path.stem == "empty":
            path.write_text("nothing")
        with pytest.raises(UserError, match="want"):
            entries(path)


def test_the_command_cites_models_tasks_and_suites(tmp_path: Path):
    alone = call("cite")
    assert alone.stdout.count("@") == 1
    many = call("cite", "--suite", "quick", "--model", "sinekan")
    assert {"liu2024kan", "reinhardt2024", "qiu2024relu"} <= set(
        re.findall(r"@\w+\{([^,]+),", many.stdout)
    )
    out = tmp_path / "some.bib"
    call("cite", "--task", "poisson", "--out", str(out))
    assert "2404.19756" in out.read_text()
