"""Refresh what is counted and drawn in the cards: `python datasets/refresh_cards.py [CARD ...]`.

Files are looked for in `--data FOLDER` (by default `$CT_S5_SHARED_DATA`), each set in its own
folder. A set without files there is left as it is, and a line says so. Of sets whose files nobody
had the card has a picture of files made here, and nothing is counted.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import _card_pictures
import _card_stand_in_pictures
import _card_stand_ins
from _card_facts import table
from _card_panels import to_file

import ct_s5_datasets
from ct_s5._files import write_atomically
from ct_s5_datasets.lra import pathfinder_generator

CARDS = Path(__file__).parent / "cards"


@dataclass(frozen=True)
class Card:
    """What a card counts and shows.

    Attributes:
        words: What its picture shows, for those who cannot see it.
        parts: Heading of a column -> what its part is asked for with.
        entry: Name of the set where it is not the card's.
        folder: Of its files below the folder of all data; None where nothing is read.
        answers: Columns of the frame that are a label a reading.
        make: Writes the files of a set that has a generator into a folder; they are not kept.

    """

    words: str
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    entry: str | None = None
    folder: str | None = None
    answers: tuple[str, ...] = ()
    make: Callable[[Path], object] | None = None


def _by_part(*parts: str) -> dict[str, dict[str, str]]:
    return {part: {"part": part} for part in parts}


def _paths(folder: Path) -> None:
    for side in (32, 128):
        pathfinder_generator.generate(folder, side=side, n_images=50, seed=0)


# Card -> what its picture shows; its files were not at hand.
STAND_INS = {
    "human_activity": "height of three of four tags on a person who walks, falls and lies",
    "pam": "heart rate and two accelerations in one window of walking",
    "mimic": "two channels charted at the bed and two from the laboratory in one stay",
    "cifar10": "a picture in colour, and as 1024 steps of red, green and blue",
    "lra_image": "a picture in grey, and as 1024 steps",
    "lra_text": "a short review, character by character, and the number of each",
    "lra_retrieval": "two short texts, character by character, and the number of each",
}
MADE_HERE = "The picture is of files made here in the official layout, not of the set itself"

REFRESHED = {
    "physionet2012": Card(
        "four of 37 channels of one stay, each read at its own pace",
        _by_part("a", "b"),
        folder="physionet2012",
    ),
    "physionet2019": Card(
        "four of 34 channels of one stay; hours with SepsisLabel 1 are underlined",
        {"": {"part": "B"}},
        folder="physionet2019",
        answers=("SepsisLabel",),
    ),
    "ushcn": Card(
        "temperature, rain and snow at one station, and a month that is not there",
        {"1996-2000": {}},
        folder="ushcn",
    ),
    "wearable": Card(
        "acceleration in one trial, coloured by activity, silences grey",
        {"S1": {}},
        folder="uci_batteryless_activity",
        answers=("activity",),
    ),
    "earthquakes": Card(
        "magnitudes of the events of three networks in a month",
        _by_part("network", "world"),
        folder="usgs_earthquakes",
    ),
    "hurdat2": Card(
        "wind and pressure along one track", folder="hurdat2", answers=("status", "record")
    ),
    "gps": Card("ten minutes of a bus and of a car, silences grey", folder="uci_gps_gotrack"),
    "glucose": Card(
        "glucose of two people over two days, silences grey",
        _by_part("PhysioCGM", "BIGIDEAs"),
        folder="cgm",
    ),
    "rr_intervals": Card(
        "five minutes of a healthy and of a failing heart",
        _by_part("normal", "chf", "healthy"),
        folder="rr_intervals",
    ),
    "oscillators": Card(
        "one oscillator of each class, silences grey", _by_part("frequency", "damping")
    ),
    "ornstein_uhlenbeck": Card(
        "readings of one series and the best forecast between them", _by_part("noisy", "exact")
    ),
    "uea": Card(
        "three channels of one series of JapaneseVowels, whole and with half of it dropped",
        _by_part("JapaneseVowels", "JapaneseVowels/drop-50"),
        folder="uea",
    ),
    "pendulum": Card(
        "frames of two films at their times, some noisy, some blank",
        _by_part("regression", "interpolation"),
    ),
    "mnist": Card(
        "ten digits, and one of them as 784 steps in two orders",
        {"test": {"part": "test"}},
        folder="mnist",
    ),
    "spoken_digits": Card("three recordings of unequal length", folder="fsdd"),
    "speech_commands": Card(
        "three words of a second each",
        {"10": {"part": "10"}},
        folder="speech_commands_v0.02_test_subset",
    ),
    "lra_listops": Card(
        "a short expression token by token, and the depth of a long one",
        {"original, test": {"part": "original"}},
        entry="lra/listops",
        folder="listops",
    ),
    "lra_pathfinder": Card(
        "three images of Path-X: dots on one path, and on two",
        {f"{side} x {side}": {"side": side} for side in (32, 128)},
        entry="lra/pathfinder",
        make=_paths,
    ),
}


def refresh(name: str, data: Path | None) -> tuple[str, bytes]:
    """The text of a card with its table counted anew, and its picture.

    Raises:
        FileNotFoundError: The set's files are not there.

    """
    card = REFRESHED[name]
    told = ct_s5_datasets.describe()[card.entry or name]
    if card.folder is not None and data is None:
        raise FileNotFoundError("no folder of data was named, see --data")
    root = None if card.folder is None or data is None else data / card.folder
    module = import_module(f"ct_s5_datasets.{told.module}")
    with tempfile.TemporaryDirectory() as made:
        if card.make is not None:
            root = Path(made)
            card.make(root)
        parts = {part: module.load(root, **asked) for part, asked in card.parts.items()}
    picture = to_file(getattr(_card_pictures, name)(parts), f"{name}: {card.words}")
    text = (CARDS / f"{name}.md").read_text(encoding="utf-8")
    return between(text, table(parts, card.answers), name), picture


def stand_in(name: str) -> bytes:
    """The picture of a set whose files were not at hand."""
    known = ct_s5_datasets.describe()
    told = next(told for each, told in known.items() if name in (told.card, each.replace("/", "_")))
    module = import_module(f"ct_s5_datasets.{told.module}")
    with tempfile.TemporaryDirectory() as made:
        _card_stand_ins.MAKERS[name](Path(made))
        data = module.load(Path(made), **_card_stand_ins.ASKED.get(name, {}))
        figure = getattr(_card_stand_in_pictures, name)(data)
    return to_file(figure, f"{name}, made here: {STAND_INS[name]}")


def between(text: str, counted: str, name: str) -> str:
    """A card with another table between its markers.

    Raises:
        ValueError: The card has no markers, or has them twice.

    """
    pattern = r"(<!-- table: counted -->\n).*?(<!-- end -->)"
    new, found = re.subn(pattern, lambda m: f"{m[1]}{counted}\n{m[2]}", text, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{name}.md has {found} pairs of markers for the table 'counted', not 1.")
    return new


def main() -> None:
    """Refresh the cards named, or all that can be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="*", metavar="CARD")
    parser.add_argument("--data", type=Path, default=os.environ.get("CT_S5_SHARED_DATA"))
    asked = parser.parse_args()
    data = None if asked.data is None else Path(asked.data)
    for name in asked.cards or [*REFRESHED, *STAND_INS]:
        if name in STAND_INS:
            write_atomically(CARDS / f"{name}.svg", picture := stand_in(name))
            print(f"{name}: picture of {len(picture):,} bytes, of files made here")
            continue
        try:
            text, picture = refresh(name, data)
        except FileNotFoundError as error:
            print(f"{name}: left as it is, {error}")
            continue
        write_atomically(CARDS / f"{name}.svg", picture)
        write_atomically(CARDS / f"{name}.md", text.encode())
        print(f"{name}: refreshed, picture of {len(picture):,} bytes")


if __name__ == "__main__":
    main()
