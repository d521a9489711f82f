"""Free Spoken Digit Dataset: which digit does somebody say? Recordings of 0.14 to 2.3 s at 8 kHz.

Reads the provider's wav files. Origin, licence and details: `datasets/cards/spoken_digits.md`.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ._dataset import Column, read_card
from ._ragged import SPEECH, WaveSet
from ._splits import Split, seeded_splits
from ._waves import counted, find_source, joined, read_waves, samples

RATE = 8000

_NAME = re.compile(r"(?:.*/)?(([0-9])_([A-Za-z]+)_([0-9]{1,6}))\.wav")
_KINDS = tuple(f"**/{digit}_*.wav" for digit in range(10))
_ARCHIVE = "free-spoken-digit-dataset*.tar.gz"
_TEST = 5  # recordings 0 to 4 of each digit and speaker
_SOURCE = (
    "Get it from https://github.com/Jakobovski/free-spoken-digit-dataset (licence CC BY-SA 4.0): "
    "the folder recordings/, or a release's .tar.gz."
)


def load(root: str | Path, by: str | None = None) -> WaveSet:
    """Read all recordings.

    Args:
        root: Folder with `recordings/`, with the wav files themselves, or with one
            `free-spoken-digit-dataset*.tar.gz`, which is read where some digit has no file.
        by: None: the seeded splits deal recordings, so that each speaker is in all parts, as in
            `official`. "speaker": they deal speakers, and are `by-speaker-0` to `by-speaker-4`.

    Returns:
        int16 samples; `labels` is the digit; `static` has the speaker, a category, and the number
        of the recording. Ids are the files' names, such as "7_jackson_32". `splits["official"]`
        tests on recordings 0 to 4 of each digit and speaker.

    Raises:
        FileNotFoundError: No recordings are there.
        ValueError: A file is damaged, of another kind or misnamed, or `by` unknown.

    """
    if by not in (None, "speaker"):
        raise ValueError(f"by={by!r}: spoken_digits is split by 'speaker'; else leave by out.")
    source = find_source(root, ("recordings", "."), _KINDS, _ARCHIVE, _SOURCE)
    found: dict[str, tuple[int, str, int, np.ndarray]] = {}
    for path, content in read_waves(source, r".*\.wav", _SOURCE):
        place = f"{source.name}: {path}"
        named = _NAME.fullmatch(path)
        if not named:
            raise ValueError(f"{place} is not named <digit>_<speaker>_<number>.wav. {_SOURCE}")
        name, digit, speaker, number = named.groups()
        if name in found:
            raise ValueError(f"{place}: recording {name} is there twice. Keep one. {_SOURCE}")
        found[name] = int(digit), speaker, int(number), samples(content, place, RATE, _SOURCE)
    if not found:
        raise ValueError(f"{source} holds no wav file. {_SOURCE}")
    rows = dict(sorted(found.items()))
    ids = pd.Index(list(rows), name="unique_id")
    digits, speakers, numbers, waves = zip(*rows.values(), strict=True)
    values, offsets = joined(waves)
    names = ids.to_numpy(dtype=object)
    tested = np.array(numbers) < _TEST
    lengths = np.diff(offsets)
    return WaveSet(
        labels=pd.Series(digits, ids, name="digit", dtype="int64"),
        splits={
            "official": {"train": names[~tested], "test": names[tested]},
            **_seeded(names, speakers, by),
        },
        card=read_card("spoken_digits")
        + counted(
            {
                "recordings": len(rows),
                "speakers": len(set(speakers)),
                "samples a recording": f"{lengths.min()} to {lengths.max()}",
            }
        ),
        values=values,
        offsets=offsets,
        rate=RATE,
        static=pd.DataFrame(
            {"speaker": pd.Categorical(speakers), "number": np.array(numbers)}, index=ids
        ),
        answers=(Column("digit", "that is said", ""), *SPEECH),
    )


def _seeded(names: np.ndarray, speakers: tuple[str, ...], by: str | None) -> dict[str, Split]:
    if by is None:
        return seeded_splits(names)
    dealt = seeded_splits(names, groups=speakers)
    return {name.replace("seeded", "by-speaker"): split for name, split in dealt.items()}
