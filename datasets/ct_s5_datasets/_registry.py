"""Which sets there are: what is known of each before a file of it is opened."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ._protocol import Protocol
from ._remotes import table
from .protocols import PROTOCOLS


@dataclass(frozen=True)
class Entry:
    """One set.

    Attributes:
        module: Its file in this package, opened on first use: listing names loads no pandas.
        title: What it is, in a line.
        licence: In a few words; the card has the attribution.
        size: Of the provider's files, in words; "about" where they were not at hand, and the
            number is second hand.
        protocols: What is known of each of its uses, by `protocol@version`.
        simulated: Whether it is made here, from a seed, and needs no file.
        arrays: Whether it is too long for one frame, and comes as arrays with `frame(ids)`.
        options: What the name asks its module for, such as a part or a side.
        card: Name of its card where that is not its own.
        fetched: Whether `fetch` gets files of it.

    """

    module: str
    title: str
    licence: str
    size: str
    files: tuple[str, ...] = ()
    protocols: Mapping[str, Protocol] = field(default_factory=dict)
    simulated: bool = False
    arrays: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    card: str | None = None
    fetched: bool = False

    def lies_in(self, folder: Path) -> bool:
        """Whether a file of the set is there, as far as names tell."""
        return any(any(folder.glob(pattern)) for pattern in self.files)


_SETS = {
    "physionet2012": Entry(
        "_physionet2012",
        "48 hours of intensive care; death in hospital",
        "ODC-BY 1.0",
        "20 MB (a, b, c)",
        files=("set-[abc]*.tar.gz", "set-[abc]/*.txt"),
    ),
    "physionet2019": Entry(
        "_physionet2019",
        "intensive care hour by hour; sepsis",
        "CC BY 4.0",
        "43 MB (A, B)",
        files=("training*/**/*.psv", "training_set*.zip", "training_set*.tar.gz"),
    ),
    "mimic3": Entry(
        "_mimic",
        "intensive care in Boston, from the tables of MIMIC-III",
        "PhysioNet 1.5.0, credentialed",
        "about 7 GB, your own",
        options={"part": "III"},
        card="mimic",
        files=("**/ICUSTAYS.csv*",),
    ),
    "mimic4": Entry(
        "_mimic",
        "intensive care in Boston, from the tables of MIMIC-IV",
        "PhysioNet 1.5.0, credentialed",
        "about 7 GB, your own",
        options={"part": "IV"},
        card="mimic",
        files=("**/icustays.csv*",),
    ),
    "ushcn": Entry(
        "_ushcn",
        "daily weather at US stations",
        "public domain",
        "8 MB packed (1996-2000)",
        files=("ghcnd_hcn*.tar.gz", "ghcnd_hcn/*.dly", "small_chunked_sporadic.csv"),
    ),
    "human_activity": Entry(
        "_human_activity",
        "people with four radio tags; what are they doing?",
        "CC BY 4.0",
        "about 20 MB",
        files=("ConfLongDemo_JSI.txt*",),
    ),
    "pam": Entry(
        "_pam",
        "three motion sensors and a heart rate monitor; activity",
        "CC BY 4.0",
        "about 700 MB",
        arrays=True,
        files=("**/subject101.dat", "PAMAP2_Dataset.zip", "**/PTdict_list.npy"),
    ),
    "wearable": Entry(
        "_wearable",
        "a batteryless sensor on older people; activity",
        "CC BY 4.0",
        "3 MB (S1)",
        files=("S[12]_Dataset*/d*", "S[12]_Dataset*.tar.gz"),
    ),
    "earthquakes": Entry(
        "_earthquakes",
        "every earthquake of a month",
        "public domain",
        "2 MB a month",
        files=("*.csv", "*.csv.gz"),
    ),
    "hurdat2": Entry(
        "_hurdat2",
        "tracks of tropical cyclones",
        "public domain",
        "2 MB (1949-1999)",
        files=("hurdat2*.txt*",),
    ),
    "gps": Entry(
        "_gps",
        "trips by car and by bus, read off telephones",
        "CC BY 4.0",
        "1 MB",
        files=("go_track_trackspoints.csv*",),
    ),
    "glucose": Entry(
        "_glucose",
        "continuous glucose monitors",
        "CC0 1.0 and ODC-BY 1.0",
        "6 MB",
        files=("*.tar.gz", "*/**/*.csv"),
    ),
    "rr_intervals": Entry(
        "_rr_intervals",
        "hearts beat by beat, healthy and failing",
        "ODC-BY 1.0",
        "37 MB",
        files=(
            "normal",
            "chf",
            "healthy_ms",
            "nsr2db*.tar.gz",
            "chf2db*.tar.gz",
            "rr-interval*.tar.gz",
        ),
    ),
    "oscillators": Entry(
        "_oscillators",
        "damped oscillators seen through bursts and drop-outs; frequency or damping",
        "Apache-2.0, made here",
        "none",
        simulated=True,
    ),
    "ornstein_uhlenbeck": Entry(
        "_known_process",
        "a process whose best forecast is known",
        "Apache-2.0, made here",
        "none",
        simulated=True,
    ),
    "uea": Entry(
        "_uea",
        "the UEA / UCR archive, and rows dropped at random",
        "each set's own",
        "1 MB (JapaneseVowels)",
        files=("**/*_TRAIN.ts*", "**/*_TRAIN.arff*", "*.zip"),
    ),
    "pendulum": Entry(
        "_pendulum",
        "filmed pendulums; angle, or missing frames",
        "Apache-2.0, made here",
        "none",
        simulated=True,
        arrays=True,
    ),
    "mnist": Entry(
        "_mnist",
        "handwritten digits, pixel by pixel",
        "CC BY-SA 3.0, second hand",
        "about 11 MB",
        arrays=True,
        files=("t*-images-idx3-ubyte*",),
    ),
    "cifar10": Entry(
        "_cifar10",
        "small pictures in colour, pixel by pixel",
        "none stated",
        "about 170 MB",
        arrays=True,
        files=("cifar-10-*.tar.gz", "cifar-10-batches-*/data_batch_1*", "data_batch_1*"),
    ),
    "spoken_digits": Entry(
        "_spoken_digits",
        "ten digits, six voices, 8 kHz",
        "CC BY-SA 4.0",
        "16 MB",
        arrays=True,
        files=("recordings/*.wav", "*.wav", "free-spoken-digit-dataset*.tar.gz"),
    ),
    "speech_commands": Entry(
        "_speech_commands",
        "one-second words, 16 or 8 kHz",
        "CC BY 4.0",
        "about 2.3 GB",
        arrays=True,
        files=("*/*_nohash_*.wav", "*/*/*_nohash_*.wav", "speech_commands*.tar.gz"),
    ),
    "lra/pathfinder": Entry(
        "lra.pathfinder",
        "do two dots lie on one path? 32 x 32",
        "none stated; made here",
        "made here, or 8 GB (whole release)",
        arrays=True,
        files=("imgs", "*/imgs", "**/pathfinder32/*/imgs"),
    ),
    "lra/pathx": Entry(
        "lra.pathfinder",
        "the same at 128 x 128: 16,384 steps",
        "none stated; made here",
        "made here, or 8 GB (whole release)",
        arrays=True,
        options={"side": 128},
        card="lra_pathfinder",
        files=("imgs", "*/imgs", "**/pathfinder128/*/imgs"),
    ),
    "lra/text": Entry(
        "lra.text",
        "film reviews, letter by letter: liked or not",
        "none stated",
        "about 84 MB",
        arrays=True,
        files=("aclImdb_v1.tar.gz", "aclImdb/train/pos", "train/pos"),
    ),
    "lra/retrieval": Entry(
        "lra.retrieval",
        "pairs of papers, letter by letter: does one cite the other?",
        "none stated",
        "8 GB (whole release)",
        arrays=True,
        files=("**/new_aan_pairs.train.tsv*",),
    ),
    "lra/image": Entry(
        "lra.image",
        "CIFAR-10 in grey, pixel by pixel",
        "none stated",
        "about 170 MB",
        arrays=True,
        files=("cifar-10-*.tar.gz", "cifar-10-batches-*/data_batch_1*", "data_batch_1*"),
    ),
    "lra/listops": Entry(
        "lra.listops",
        "nested lists of digits; their value",
        "MIT",
        "made here, or 8 GB (whole release)",
        arrays=True,
        files=("**/basic_train.tsv*", "test_d20s.tsv*"),
    ),
}


ENTRIES = {
    name: replace(
        told,
        protocols={p.key: p for p in PROTOCOLS.values() if p.set == name},
        fetched=name in table(),
    )
    for name, told in _SETS.items()
}


def names() -> list[str]:
    """List all sets, each followed by its protocols, as `set/protocol@version` or `set@version`."""
    return [
        name
        for entry, told in ENTRIES.items()
        for name in (entry, *(protocol.name for protocol in told.protocols.values()))
    ]


def entry_and_protocol(name: str) -> tuple[str, str]:
    """The set and the protocol, "" for none, that a name stands for.

    Raises:
        TypeError: The name is no string.
        ValueError: There is no such name; the message has the nearest ones.

    """
    if not isinstance(name, str):
        raise TypeError(f"A set is told by its name, such as 'physionet2012'; got {name!r}.")
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        raise ValueError(
            f"No data set {name!r}. "
            + (f"Did you mean {' or '.join(map(repr, near))}? " if near else "")
            + ("" if near else f"Sets are {', '.join(ENTRIES)}. ")
            + "names() lists them with their protocols, as ct-s5 data list does."
        )
    if name in ENTRIES:
        return name, ""
    return PROTOCOLS[name].set, PROTOCOLS[name].key
