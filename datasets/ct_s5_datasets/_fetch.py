"""Files from their provider, checked by size and SHA-256, and gone on with after an interruption.

pooch checks the hash and moves the finished file into place in one step; what is on its way lies in
`.<name>.part` beside it, and the next call asks the server for the rest. One process at a time
writes there: it holds a lock on that file, which ends with the process, however it ends.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._alone import alone
from ._noted import sha256_of

_CHUNK = 2**14


@dataclass(frozen=True)
class Remote:
    """One file of a set where its provider has it."""

    name: str
    url: str
    sha256: str
    n_bytes: int


_CHALLENGE_2012 = "https://physionet.org/files/challenge-2012/1.0.0/"
_CHALLENGE_2019 = "https://archive.physionet.org/users/shared/challenge-2019/"


def _from(folder: str, *files: tuple[str, int, str]) -> tuple[Remote, ...]:
    return tuple(Remote(name, folder + name, sha256, n_bytes) for name, n_bytes, sha256 in files)


_CIFAR_10 = _from(
    "https://www.cs.toronto.edu/~kriz/",
    (
        "cifar-10-binary.tar.gz",
        170052171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
)

# Only files whose hash is known: anything else could be anything. PhysioNet's sizes and hashes are
# those that medical_ts_datasets records, all others those of TensorFlow Datasets; for the outcome
# files of 2012, a and b, which are at hand, a test compares them.
REMOTES: dict[str, tuple[Remote, ...]] = {
    "physionet2012": _from(
        _CHALLENGE_2012,
        (
            "set-a.tar.gz",
            6632372,
            "8cb250f179cd0952b4b9ebcf8954b63d70383131670fac1cfee13deaa13ca920",
        ),
        (
            "set-b.tar.gz",
            6652690,
            "b1637a2a423a8e76f8f087896cfc5fdf28f88519e1f4e874fbda69b2a64dac30",
        ),
        (
            "set-c.tar.gz",
            6600293,
            "a4a56b95bcee4d50a3874fe298bf2998f2ed0dd98a676579573dc10419329ee1",
        ),
        (
            "Outcomes-a.txt",
            79219,
            "2613ea60ccda29f87571a7d6b09ad130858a8ccd66325bd073365925026883c2",
        ),
        (
            "Outcomes-b.txt",
            79149,
            "1305f29734da374a809483229a99f33a9230aa8d4fa74b1a2d6ad788136423d5",
        ),
        (
            "Outcomes-c.txt",
            79191,
            "0b32dcb7753c0f18f2f5fde498a28618b8879c5e527ce0dae8ad120dd7e205c9",
        ),
    ),
    "physionet2019": _from(
        _CHALLENGE_2019,
        (
            "training_setA.zip",
            22991842,
            "c0def317798312e4facc0f33ac0202b3a34f412052d9096e8b122b4d3ecb7935",
        ),
        (
            "training_setB.zip",
            20000482,
            "8a88d69a5f64bc9a87d869f527fcc2741c0712cb9a7cb1f5cdcb725336b4c8cc",
        ),
    ),
    "mnist": _from(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        (
            "train-images-idx3-ubyte.gz",
            9912422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            28881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            1648877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    "cifar10": _CIFAR_10,
    "lra/image": _CIFAR_10,
    "lra/text": _from(
        "https://ai.stanford.edu/~amaas/data/sentiment/",
        (
            "aclImdb_v1.tar.gz",
            84125825,
            "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
        ),
    ),
    "speech_commands": _from(
        "https://download.tensorflow.org/data/",
        (
            "speech_commands_v0.02.tar.gz",
            2428923189,
            "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        ),
    ),
}


def fetch(entry: str, folder: Path, *, progress: bool = True) -> list[Path]:
    """Download what is missing of a set; files that are there and whole are left alone.

    Where another process fetches the same file into the same folder, this one waits, and goes on
    where that one stopped.

    Args:
        entry: Name of the set.
        folder: Where its files go.
        progress: Show a bar, on a terminal only.

    Returns:
        All files of the set.

    Raises:
        ValueError: No hash is known for this set's files, so they are to be had by hand; or a
            download is not the file that it should be.
        OSError: The server cannot be reached, stopped halfway, or the disk is full. What came is
            kept, and the next call goes on from there.

    """
    if entry not in REMOTES:
        raise ValueError(
            f"The files of {entry} cannot be fetched: no checked address is known. Its card tells "
            f"where to get them: ct-s5 data card {entry}, or ct_s5_datasets.card({entry!r})."
        )
    try:
        import pooch
    except ImportError:
        raise ImportError("Fetching needs pooch: pip install 'ct-s5[data]'.") from None
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("WARNING")
    paths = []
    for remote in REMOTES[entry]:
        path, part = folder / remote.name, folder / f".{remote.name}.part"
        paths.append(path)
        if _there(path, remote):
            continue
        with alone(part, progress):
            if not _there(path, remote):  # another process may have been first
                _retrieve(remote, folder, part, progress)
    return paths


def _there(path: Path, remote: Remote) -> bool:
    if not path.is_file():
        return False
    found = sha256_of(path)
    if found != remote.sha256:
        raise ValueError(
            f"{path} is there, and is not the provider's file (SHA-256 {found}). "
            "Move it away to have it fetched, or give root= to use it as it is."
        )
    return True


def _retrieve(remote: Remote, folder: Path, part: Path, progress: bool) -> None:
    import pooch

    downloader: Any = _Resuming(remote, part, progress)
    try:
        pooch.retrieve(
            remote.url,
            known_hash=f"sha256:{remote.sha256}",
            fname=remote.name,
            path=folder,
            downloader=downloader,
        )
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise ValueError(
            f"{remote.url} gave another file than the one known (SHA-256 differs). Nothing was "
            "kept. Try again; if it stays so, the provider has changed it: tell us."
        ) from error


class _Resuming:
    """A downloader for pooch that goes on where an earlier one stopped."""

    def __init__(self, remote: Remote, part: Path, progress: bool):
        self.remote, self.part, self.progress = remote, part, progress

    def __call__(self, url: str, output_file: Any, pooch: object) -> None:
        import requests
        from tqdm import tqdm

        remote = self.remote
        have = self.part.stat().st_size if self.part.is_file() else 0
        if have > remote.n_bytes:
            have = 0
        if have == remote.n_bytes:
            # Whole, but killed before it got its name. Its hash decides, as it does of any.
            os.replace(self.part, output_file)
            return
        headers = {"Accept-Encoding": "identity"}  # or a .gz may come unpacked on the way
        headers |= {"Range": f"bytes={have}-"} if have else {}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
                answer.raise_for_status()
                have = have if answer.status_code == requests.codes.partial else 0
                bar = tqdm(
                    total=remote.n_bytes,
                    initial=have,
                    unit="B",
                    unit_scale=True,
                    desc=remote.name,
                    leave=False,
                    disable=None if self.progress else True,
                )
                with bar, self.part.open("ab" if have else "wb") as stream:
                    for chunk in answer.iter_content(_CHUNK):
                        self._check(have, chunk)
                        stream.write(chunk)
                        have += len(chunk)
                        bar.update(len(chunk))
        except requests.RequestException as error:
            raise OSError(
                f"{url} cannot be had: {error}. {have:,} of {remote.n_bytes:,} bytes are kept; "
                f"try again to go on, or download it by hand into {self.part.parent}."
            ) from error
        if have < remote.n_bytes:
            raise OSError(
                f"{url} stopped after {have:,} of {remote.n_bytes:,} bytes, which are kept. Try "
                "again to go on."
            )
        os.replace(self.part, output_file)

    def _check(self, have: int, chunk: bytes) -> None:
        start = chunk[:512].lower()
        if have == 0 and (b"<html" in start or b"<!doctype" in start):
            self.part.unlink()
            raise ValueError(
                f"{self.remote.url} answered with an HTML page, not the file: a login or an error "
                f"page. Download it by hand into {self.part.parent}."
            )
        if have + len(chunk) > self.remote.n_bytes:
            self.part.unlink()
            raise ValueError(
                f"{self.remote.url} sends more than the {self.remote.n_bytes:,} bytes that the "
                "file has. Nothing was kept."
            )
