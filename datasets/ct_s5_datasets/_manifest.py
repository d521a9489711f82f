"""What a loaded set tells of itself: the manifest of its protocol, and the hash to cite it by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

from ._noted import joint
from ._protocol import Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_FORMAT = 1
_MANY = 20  # files of one ending, from which on they are told of together


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Manifested:
    """What every loaded set has beside its data.

    Attributes:
        name: What it was loaded as: a set, or a set and a protocol.
        protocol: The rules of that protocol; None for a set by itself.
        asked: What the set was asked for beyond its name, such as its part.
        files: Bare name of each raw file that was read -> SHA-256 of its content, decompressed.
            Empty for simulated sets.
        made: Whether a generator of this package made the files, in place of the provider.
        doubt: Why the provider's files seem not to be whole; "" where nothing tells.

    """

    name: str = ""
    protocol: Protocol | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    made: bool = False
    doubt: str = ""

    @property
    def split(self) -> Mapping[str, np.ndarray]:
        """The protocol's own split: part -> ids, sorted."""
        return self._splits()[self._rules().short]

    @cached_property
    def scaling(self) -> pd.DataFrame:
        """`shift` and `scale` of each channel, as the protocol says: (x - shift) / scale.

        Indexed by channel; by part and channel where the protocol scales each part by its own
        numbers; by step where it scales each place in time.
        """
        return self._rules().scaling(self)

    def manifest(self) -> dict[str, Any]:
        """All that fixes a score on this data, as plain words and numbers.

        Files, ids and numbers stand there as SHA-256, so it is short whatever the size of the set.
        It is the same on every machine, from the files and from the cache.

        Raises:
            ValueError: The set was not loaded by name.

        """
        if not self.name:
            raise ValueError(
                "This set was not loaded by name, so there is nothing to cite it by. Use "
                "ct_s5_datasets.load(name)."
            )
        told: dict[str, Any] = {
            "format": _FORMAT,
            "name": self.name,
            "asked": json.loads(json.dumps(dict(self.asked), default=str)),
            "files": _grouped(self.files),
            "splits": {
                name: {part: _hashed(ids) for part, ids in split.items()}
                for name, split in self._splits().items()
            },
        }
        if self.protocol is None:
            return told
        rules, table = self.protocol, self.scaling
        numbers = [
            f"{label!r} {shift.hex()} {scale.hex()}"
            for label, shift, scale in zip(
                table.index.tolist(), table["shift"].tolist(), table["scale"].tolist(), strict=True
            )
        ]
        if rules.recipe:  # results cite protocols without one by hashes that know of none
            told["recipe"] = dict(rules.recipe)
        return told | {
            "version": rules.version,
            "status": rules.status,
            "seed": list(rules.seed),
            "metric": rules.metric,
            "chosen on": rules.selection,
            "normaliser": {
                "how": str(rules.normaliser),
                "n": len(numbers),
                "sha256": joint(numbers),
            },
        }

    @cached_property
    def manifest_hash(self) -> str:
        """SHA-256 of the manifest as JSON with sorted keys."""
        text = json.dumps(self.manifest(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def with_origin(self, **changed: Any) -> Self:
        """The same data with another name, protocol, splits or files."""
        return replace(self, **changed)

    def cite(self) -> dict[str, str]:
        """Name and hash, for a results file: `{"name": ..., "hash": ...}`."""
        return {"name": self.name, "hash": self.manifest_hash}

    def _splits(self) -> Mapping[str, Mapping[str, np.ndarray]]:
        whole: Any = self
        return whole.splits

    def _rules(self) -> Protocol:
        if self.protocol is None:
            raise ValueError(
                f"{self.name or 'This set'} was loaded without a protocol, which says what to "
                "split and scale by. Load one, such as load('physionet2012/mtan-classif@1'), or "
                "use protocol(name).scaling(dataset, split)."
            )
        return self.protocol


def _hashed(ids: np.ndarray) -> dict[str, Any]:
    text = json.dumps(ids.tolist(), separators=(",", ":"))
    return {"n": len(ids), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _grouped(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Files by name, or together where there are many of one ending."""
    endings: dict[str, list[str]] = {}
    for name in sorted(files):
        endings.setdefault(PurePath(name).suffix, []).append(name)
    told = {}
    for ending, names in endings.items():
        if len(names) > _MANY:
            words = [f"{name} {files[name]}" for name in names]
            told[f"*{ending}"] = {"n": len(names), "sha256": joint(words)}
        else:
            told |= {name: {"n": 1, "sha256": files[name]} for name in names}
    return told
