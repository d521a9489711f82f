"""Every card has its counted table and its picture, or is known to have neither."""

import importlib
import pathlib
import re
import xml.etree.ElementTree as ET

import pytest

import ct_s5_datasets

ROOT = pathlib.Path(__file__).parents[2]
CARDS = ROOT / "datasets" / "cards"
# No file of these was at hand, so there is nothing to count and nothing to draw.
WITHOUT = {"mimic", "lra_text", "lra_retrieval", "lra_image", "human_activity", "pam", "cifar10"}
NAMES = sorted(
    {told.card or entry.replace("/", "_") for entry, told in ct_s5_datasets.describe().items()}
)


@pytest.fixture
def refresher(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "datasets")
    return importlib.import_module("refresh_cards")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT])
def test_a_card_has_its_picture_and_its_counts(name, refresher):
    text = (CARDS / f"{name}.md").read_text(encoding="utf-8")
    assert f"![{refresher.REFRESHED[name].words[1:]}]({name}.svg)" in re.sub(r"!\[.", "![", text)
    (counted,) = re.findall(r"<!-- table: counted -->\n(.*?)\n<!-- end -->", text, flags=re.DOTALL)
    assert re.search(r"^\| series \| [\d,]+ \|", counted, flags=re.MULTILINE)
    picture = (CARDS / f"{name}.svg").read_bytes()
    assert len(picture) < 30_000
    root = ET.fromstring(picture)
    assert root.get("width")
    assert root.get("aria-label", "").startswith(f"{name}: ")
    assert b"currentColor" not in picture  # beside no text, that would be black on black


def test_cards_without_a_picture_say_why(refresher):
    assert set(NAMES) - set(refresher.REFRESHED) == WITHOUT
    for name in WITHOUT:
        text = (CARDS / f"{name}.md").read_text(encoding="utf-8")
        assert re.search(r"^No picture and no counted table here: ", text, flags=re.MULTILINE)
        assert not (CARDS / f"{name}.svg").exists()


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
