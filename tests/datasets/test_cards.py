"""Every card has its picture and its counted table; where no file was at hand it says so."""

import importlib
import pathlib
import re
import xml.etree.ElementTree as ET

import pytest

import ct_s5_datasets

ROOT = pathlib.Path(__file__).parents[2]
CARDS = ROOT / "datasets" / "cards"
NAMES = sorted(
    {told.card or entry.replace("/", "_") for entry, told in ct_s5_datasets.describe().items()}
)


@pytest.fixture
def refresher(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "datasets")
    return importlib.import_module("refresh_cards")


@pytest.mark.parametrize("name", NAMES)
def test_a_card_has_its_picture_and_its_counts(name, refresher):
    text = (CARDS / f"{name}.md").read_text(encoding="utf-8")
    counted = re.findall(r"<!-- table: counted -->\n(.*?)\n<!-- end -->", text, flags=re.DOTALL)
    if made_here := name in refresher.STAND_INS:
        words = refresher.STAND_INS[name]
        assert re.search(rf"^{refresher.MADE_HERE}: the files? w.* not at hand", text, re.MULTILINE)
        assert not counted
    else:
        words = refresher.REFRESHED[name].words
        assert re.search(r"^\| series \| [\d,]+ \|", *counted, flags=re.MULTILINE)
    assert f"![{words[1:]}]({name}.svg)" in re.sub(r"!\[.", "![", text)
    picture = (CARDS / f"{name}.svg").read_bytes()
    assert len(picture) < 30_000
    root = ET.fromstring(picture)
    assert root.get("width")
    assert root.get("aria-label", "").startswith(name)
    assert made_here == ("made here: " in root.get("aria-label", ""))
    assert made_here == (b"Made here, no real data" in picture)
    assert b"currentColor" not in picture  # beside no text, that would be black on black


def test_a_picture_made_here_can_be_made_again(refresher):
    for name in ("mimic", "lra_retrieval"):
        assert refresher.stand_in(name) == refresher.stand_in(name)


@pytest.mark.parametrize("name", ["oscillators", "ornstein_uhlenbeck", "lra_pathfinder"])
def test_a_simulated_set_is_as_its_card_says(name, refresher):
    text, picture = refresher.refresh(name, None)
    assert text == (CARDS / f"{name}.md").read_text(encoding="utf-8")
    assert picture == refresher.refresh(name, None)[1]


@pytest.mark.parametrize("name", ["gps", "hurdat2", "wearable", "uea"])
def test_real_files_are_as_their_card_says(name, refresher, real):
    real(refresher.REFRESHED[name].folder)
    text, _ = refresher.refresh(name, real(""))
    assert text == (CARDS / f"{name}.md").read_text(encoding="utf-8")


def test_a_card_without_markers_is_refused(refresher):
    with pytest.raises(ValueError, match="has 0 pairs of markers"):
        refresher.between("# A card", "| |", "gps")
