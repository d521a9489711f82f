"""The pages on data sets say what the sets declare, and leave none out."""

import importlib
import pathlib
import re

import pytest

import ct_s5_datasets

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("data_*.md"))


@pytest.fixture
def pages(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "datasets")
    return importlib.import_module("_data_pages")


def test_every_set_is_on_one_page(pages):
    told = [name for sets in pages.FAMILIES.values() for name in sets]
    assert sorted(told) == sorted(ct_s5_datasets.describe())
    assert {page.stem for page in PAGES} == set(pages.FAMILIES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_its_sets_declare(page, pages):
    text = page.read_text(encoding="utf-8")
    assert pages.page(text, pages.FAMILIES[page.stem]) == text
    for name in pages.FAMILIES[page.stem]:
        told = ct_s5_datasets.describe()[name]
        (row,) = [line for line in text.splitlines() if line.startswith(f"| [`{name}`](")]
        assert told.licence in row


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"""[`"]([a-z0-9_]+/[a-z0-9/-]*@\w+)[`"]""", text)
    assert set(named) <= set(ct_s5_datasets.names())


def test_the_pages_are_linked():
    for start in ("datasets.md", "index.md"):
        linked = re.findall(r"\]\((data_\w+\.md)\)", (DOCS / start).read_text(encoding="utf-8"))
        assert sorted(linked) == [page.name for page in PAGES]


def test_uses_that_differ_in_their_parts_alone_share_a_row(pages):
    table = pages.table_of_uses(["physionet2012", "lra/text"])
    rows = [line for line in table.splitlines() if "raindrop" in line]
    assert len(rows) == 1
    assert "`physionet2012/raindrop-mortality@1`, `raindrop-mortality-split2@1` to" in rows[0]
    text = table.splitlines()[-1]
    assert text.startswith("| `lra/text@s5` | exact |")
    assert text.endswith("| the epoch is chosen on the test part; has a leak-free form |")
    assert "leakfree" not in table
    assert "<eos>" not in table  # a page would swallow it as a tag


def test_a_page_without_markers_is_refused(pages):
    with pytest.raises(ValueError, match=r"markers for the tables \[\], not \['sets', 'uses'\]"):
        pages.page("# A page", ["uea"])
