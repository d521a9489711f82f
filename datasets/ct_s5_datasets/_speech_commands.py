"""Speech Commands v0.02: which of 35 (or 10) words is it? One second at 16 kHz, or 8 kHz.

Samples, or the cepstra that Neural CDE takes of them.

Reads the provider's wav files. Origin, licence and details: `datasets/cards/speech_commands.md`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import Limits, stream_members
from ._arrays import Splits
from ._dataset import Column, read_card
from ._files import read_lines
from ._mfcc import CepstrumSet
from ._noted import note
from ._ragged import SPEECH, WaveSet
from ._splits import Split, seeded_splits
from ._uea_drop import neuralcde_split
from ._waves import counted, find_source, joined, samples

# In this order they are classes 0 to 34 in the code of S4 and S5.
# fmt: off
WORDS = (
    "bed", "cat", "down", "five", "forward", "go", "house", "left", "marvin", "no", "on", "right",
    "sheila", "tree", "up", "visual", "yes", "backward", "bird", "dog", "eight", "follow", "four",
    "happy", "learn", "nine", "off", "one", "seven", "six", "stop", "three", "two", "wow", "zero",
)
# fmt: on
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
PARTS = ("35", "10")
RATES = (16_000, 8_000)
FORMS = ("samples", "mfcc")

_NAME = re.compile(r"(?:.*/)?(([^/]+)/([0-9a-f]{8})_nohash_([0-9]{1,4}))\.wav")
_NEURALCDE = 34_975  # recordings of 16,000 samples of the ten words
# 105,829 recordings of 32 kB, 3.4 GB; the longest noise has 3 MB.
_LIMITS = Limits(members=150_000, total=6 * 2**30, member=16 * 2**20)
_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_SOURCE = (
    "Get http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz (2.3 GB) or "
    "speech_commands_test_set_v0.02.tar.gz (licence CC BY 4.0)."
)


def load(root: str | Path, part: str = "35", rate: int = 16_000, form: str = "samples") -> WaveSet:
    """Read the recordings of 35 or of 10 words.

    Args:
        root: Folder with one folder a word and the two lists, as the archive unpacks to, or the
            one above it; or with that archive or a test set's, `speech_commands*.tar.gz`, which is
            read where some word has no folder.
        part: "35", or "10": yes, no, up, down, left, right, on, off, stop, go.
        rate: 16000 as recorded; 8000 takes every second sample, without a filter, as the published
            test at a rate not trained on does.
        form: "samples"; or "mfcc": recordings of 16,000 samples alone, whose frame has 20 cepstra a
            row, 6.25 ms apart, as Neural CDE takes them.

    Returns:
        int16 samples, none padded: most recordings have 16,000, some fewer; `padded(ids, 16_000)`
        fills with zeros behind. `labels` is the word; `static` has the speaker's code, a category,
        and the number of the recording. Ids are such as "yes/022cd682_nohash_0". All 35 words of
        the whole set take 3.4 GB of memory, and twice that while they are read.

    Raises:
        FileNotFoundError: No recordings are there.
        ValueError: A file is damaged, of another kind or misnamed, or a name unknown.

    """
    if part not in PARTS or rate not in RATES:
        raise ValueError(
            f"part={part!r}, rate={rate!r}: speech_commands has the parts '35' and '10' and the "
            "rates 16000 and 8000."
        )
    if form not in FORMS or (form == "mfcc" and rate != RATES[0]):
        raise ValueError(
            f"form={form!r} at rate={rate}: speech_commands has the forms 'samples' and, at 16000 "
            "alone, 'mfcc'."
        )
    words = WORDS if part == "35" else COMMANDS
    kinds = tuple(f"{word}/[!.]*.wav" for word in words)
    source = find_source(root, (".", "*"), kinds, "speech_commands*.tar.gz", _SOURCE)
    lists: dict[str, list[str]] = {}
    found: dict[str, tuple[str, str, int, np.ndarray]] = {}
    others = short = 0
    for path, content in _files(source, words):
        place = f"{source.name}: {path}"
        if path.endswith(".txt"):
            lists[Path(path).name] = content.decode("utf-8", "replace").splitlines()
            note(path, content)
            continue
        word = path.split("/")[-2] if "/" in path else ""
        if word.startswith("_") or (word in WORDS and word not in words):
            others += 1  # noise, silence, unknown words; words of the other part
            continue
        note(path, content)
        named = _NAME.fullmatch(path)
        if not named or word not in words:
            raise ValueError(
                f"{place} is not named <word>/<8 hex digits>_nohash_<number>.wav with one of the "
                f"35 words. {_SOURCE}"
            )
        name, _, speaker, number = named.groups()
        if name in found:
            raise ValueError(f"{place}: recording {name} is there twice. Keep one. {_SOURCE}")
        wave = samples(content, place, 16_000, _SOURCE)[:: 16_000 // rate]
        if form == "mfcc" and len(wave) != rate:
            short += 1
            continue
        found[name] = word, speaker, int(number), wave
    if not found:
        raise ValueError(f"{source} holds no recording of these words. {_SOURCE}")
    rows = dict(sorted(found.items()))
    ids = pd.Index(list(rows), name="unique_id")
    labels, speakers, numbers, waves = zip(*rows.values(), strict=True)
    values, offsets = joined(waves)
    lengths = np.diff(offsets)
    official = _official(source, lists, ids)
    splits = {**official, **seeded_splits(ids.to_numpy(dtype=object), groups=speakers)}
    # A protocol names the whole set: part of it would be another split under the same name.
    if form == "mfcc" and part == "10" and len(ids) == _NEURALCDE:
        splits["neuralcde-10@1"] = neuralcde_10_split(list(rows), labels)
        if "official" in official:
            splits["neuralcde-10-leakfree@1"] = official["official"]
    kind = CepstrumSet if form == "mfcc" else WaveSet
    return kind(
        labels=pd.Series(labels, ids, name="word", dtype=object),
        splits=splits,
        card=read_card("speech_commands")
        + counted(
            {
                "recordings": len(rows),
                "words": len(set(labels)),
                "speakers": len(set(speakers)),
                f"samples a recording at {rate} Hz": f"{lengths.min()} to {lengths.max()}",
                "recordings of other words, silence or noise in an archive, left out": others,
                "recordings of other than 16,000 samples, left out": short,
            }
        ),
        values=values,
        offsets=offsets,
        rate=rate,
        static=pd.DataFrame(
            {"speaker": pd.Categorical(speakers), "number": np.array(numbers)}, index=ids
        ),
        answers=(Column("word", "that is said", ""), *SPEECH),
    )


def neuralcde_10_split(ids: Sequence[str], words: Sequence[str]) -> Split:
    """Rebuild Neural CDE's split of ten words: 70 / 15 / 15 %, stratified, seeds 0 and 1.

    The recordings go by word as there, and by name: there the order inside a word is that of
    `os.listdir`, which nobody recorded. One speaker's recordings lie in several parts.

    Args:
        ids: Of the recordings of 16,000 samples, sorted.
        words: Which word each of them is.

    References:
        Kidger et al. 2020, arXiv:2005.08926.

    """
    order = np.argsort([COMMANDS.index(word) for word in words], kind="stable")
    split = neuralcde_split(np.array(words, dtype=object)[order].tolist())
    names = np.array(ids, dtype=object)[order]
    return {part: np.sort(names[places]) for part, places in split.items()}


def _files(source: Path, words: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The recordings; of an archive the two lists too."""
    if not source.is_dir():
        wanted = r".*\.wav|(validation|testing)_list\.txt"
        yield from stream_members(source, wanted, again=_SOURCE, limits=_LIMITS)
        return
    for word in words:
        for path in sorted((source / word).glob("[!.]*.wav")):
            if path.is_symlink() or not path.is_file():
                raise ValueError(f"{path} is not a plain file; refused. {_SOURCE}")
            yield f"{word}/{path.name}", path.read_bytes()


def _lists_beside(source: Path) -> dict[str, list[str]]:
    folder = source if source.is_dir() else source.parent
    if not any((folder / name).is_file() for name in _LISTS.values()):
        return {}
    return {name: read_lines(folder, name, again=_SOURCE) for name in _LISTS.values()}


def _official(source: Path, lists: dict[str, list[str]], ids: pd.Index) -> Splits:
    """The provider's split: two lists of names, everything else is for training.

    Without lists of its own, an archive whose name says so is a test set, whatever lies beside it.
    """
    if not source.is_dir() and not lists and "test_set" in source.name:
        return {"official": {"test": ids.to_numpy(dtype=object)}}
    lists = lists or _lists_beside(source)
    if not lists:
        return {}
    listed = {}
    for part, name in _LISTS.items():
        if name not in lists:
            raise ValueError(f"{source} has no {name}, and the other list. {_SOURCE}")
        listed[part] = {line.strip().removesuffix(".wav") for line in lists[name]}
    both = listed["validation"] & listed["test"]
    if both:
        raise ValueError(f"{source}: {min(both)} is in both lists. {_SOURCE}")
    parts = {part: ids[ids.isin(list(names))] for part, names in listed.items()}
    rest = ids[~ids.isin(list(listed["validation"] | listed["test"]))]
    parts = {"train": rest, **parts}
    return {"official": {part: some.to_numpy(dtype=object) for part, some in parts.items()}}
