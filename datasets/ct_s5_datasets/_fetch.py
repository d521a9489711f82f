"""Files from where they are to be had, each checked, and gone on with after an interruption.

pooch checks the hash and moves the finished file into place in one step; what is on its way lies in
`.<name>.part` beside it, and the next call asks the server for the rest. One process at a time
writes there: it holds a lock on that file, which ends with the process, however it ends.

Of some files nobody publishes a hash. They come only where that is asked for (`pin`), and their
SHA-256 is then kept beside them, in `SHA256SUMS`: from then on they are held to it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from ._alone import alone
from ._archives import stream_members
from ._limits import Limits
from ._noted import joint
from ._remotes import Remote, remotes_of

PINS = "SHA256SUMS"

_CHUNK = 2**14


def fetch(
    entry: str,
    folder: Path,
    parts: tuple[str, ...] = (),
    *,
    pin: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Download what is missing of a set; files that are there and whole are left alone.

    Where another process fetches the same file into the same folder, this one waits, and goes on
    where that one stopped.

    Args:
        entry: Name of the set.
        folder: Where its files go.
        parts: Which parts of the set; () for all whose files have a name of their own.
        pin: Take files of which no hash is known as they come, and keep the hash.
        progress: Show a bar, on a terminal only.

    Returns:
        All files of the set, or of these parts.

    Raises:
        ValueError: No address is known for this set's files, so they are to be had by hand; no hash
            is known and `pin` is not given; or a download is not the file that it should be.
        OSError: The server cannot be reached, stopped halfway, or the disk is full. What came is
            kept, and the next call goes on from there.

    """
    remotes = remotes_of(entry, parts)
    if not remotes:
        raise ValueError(
            f"The files of {' '.join((entry, *parts))} cannot be fetched: no address is known. The "
            f"card tells where to get them: ct-s5 data card {entry}, or "
            f"ct_s5_datasets.card({entry!r})."
        )
    try:
        import pooch
    except ImportError:
        raise ImportError("Fetching needs pooch: pip install 'ct-s5[data]'.") from None
    checks = {remote.name: remote.check or _pinned(folder, remote.name) for remote in remotes}
    unknown = [r for r in remotes if not checks[r.name] and not (folder / r.name).is_file()]
    if unknown and not pin:
        raise ValueError(_unknown(entry, unknown[0]))
    pooch.get_logger().setLevel("WARNING")
    paths = []
    for remote in remotes:
        path, part = _places(folder, remote)
        paths.append(path)
        if _there(path, checks[remote.name]):
            continue
        part.parent.mkdir(parents=True, exist_ok=True)
        with alone(part, progress):
            if not _there(path, checks[remote.name]):  # another process may have been first
                _retrieve(remote, checks[remote.name], folder, progress)
                if not checks[remote.name]:
                    _keep_pin(folder, remote.name)
    return paths


def _places(folder: Path, remote: Remote) -> tuple[Path, Path]:
    """Where a file goes, and where it lies as long as it is on its way."""
    path = folder / remote.name
    return path, path.with_name(f".{path.name}.part")


def _unknown(entry: str, remote: Remote) -> str:
    part = f", part={remote.parts[0]!r}" if remote.parts else ""
    option = f" --part {remote.parts[0]}" if remote.parts else ""
    return (
        f"Nobody publishes a hash of {remote.url}, so nothing tells whether what comes is what "
        f"others have. To take it as it comes and keep its SHA-256 beside it, in {PINS}: "
        f"ct-s5 data fetch {entry}{option} --pin, or "
        f"ct_s5_datasets.fetch({entry!r}{part}, pin=True)."
    )


def _pinned(folder: Path, name: str) -> str:
    """What a file was when it was first fetched; "" where it never was."""
    pins = folder / PINS
    for line in pins.read_text(encoding="utf-8").splitlines() if pins.is_file() else ():
        digest, _, pinned = line.partition("  ")
        if pinned == name:
            return f"sha256:{digest}"
    return ""


def _keep_pin(folder: Path, name: str) -> None:
    digest = _check_of(folder / name, "sha256").removeprefix("sha256:")
    with (folder / PINS).open("a", encoding="utf-8") as stream:
        stream.write(f"{digest}  {name}\n")


def _check_of(path: Path, kind: str) -> str:
    """What a file is, told as a check of this kind is."""
    if kind != "wav":
        with path.open("rb") as stream:
            return f"{kind}:{hashlib.file_digest(stream, kind).hexdigest()}"
    again = "Remove it, and fetch it again."
    recordings = stream_members(path, r".*\.wav", again=again, limits=Limits())
    words = [
        f"{name.rsplit('/', 1)[-1]} {hashlib.sha256(content).hexdigest()}"
        for name, content in recordings
    ]
    return f"wav:{joint(sorted(words))}"


def _kind(check: str) -> str:
    return check.partition(":")[0]


def _there(path: Path, check: str) -> bool:
    if not path.is_file():
        return False
    if check and (found := _check_of(path, _kind(check))) != check:
        raise ValueError(
            f"{path} is there, and is not the file known ({found}, not {check}). "
            "Move it away to have it fetched, or give root= to use it as it is."
        )
    return True


def _retrieve(remote: Remote, check: str, folder: Path, progress: bool) -> None:
    import pooch

    downloader: Any = _Resuming(remote, check, _places(folder, remote)[1], progress)
    try:
        pooch.retrieve(
            remote.url,
            known_hash=None if _kind(check) == "wav" else check or None,
            fname=remote.name,
            path=folder,
            downloader=downloader,
        )
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise _another(remote, check) from error


def _another(remote: Remote, check: str) -> ValueError:
    return ValueError(
        f"{remote.url} gave another file than the one known (not {check}). Nothing was kept. Try "
        "again; if it stays so, it was changed there: tell us, or, where it was you who pinned it, "
        f"take its line out of {PINS} to have the new one."
    )


class _Resuming:
    """A downloader for pooch that goes on where an earlier one stopped."""

    def __init__(self, remote: Remote, check: str, part: Path, progress: bool):
        self.remote, self.check, self.part, self.progress = remote, check, part, progress

    def __call__(self, url: str, output_file: Any, pooch: object) -> None:
        have, n_bytes = self._kept(), self.remote.n_bytes
        # What is whole already was killed before it got its name. Its hash decides, as of any.
        if not have or have != n_bytes:
            have, n_bytes = self._download(url, have)
            if n_bytes is not None and have < n_bytes:
                raise OSError(
                    f"{url} stopped after {have:,} of {n_bytes:,} bytes, which are kept. Try again "
                    "to go on."
                )
        if _kind(self.check) == "wav" and _check_of(self.part, "wav") != self.check:
            self.part.unlink()
            raise _another(self.remote, self.check)
        os.replace(self.part, output_file)

    def _kept(self) -> int:
        """How much of an earlier download to go on from."""
        have = self.part.stat().st_size if self.part.is_file() else 0
        # Where no hash is there to decide, two halves might be of two files.
        return have if self.check and have <= (self.remote.n_bytes or have) else 0

    def _download(self, url: str, have: int) -> tuple[int, int | None]:
        """How many bytes lie there now, and how many there are, where the server says so."""
        import requests
        from tqdm import tqdm

        n_bytes = self.remote.n_bytes
        headers = {"Accept-Encoding": "identity"}  # or a .gz may come unpacked on the way
        headers |= {"Range": f"bytes={have}-"} if have else {}
        try:
            with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
                if have and answer.status_code == requests.codes.requested_range_not_satisfiable:
                    return have, n_bytes  # nothing comes after it
                answer.raise_for_status()
                have = have if answer.status_code == requests.codes.partial else 0
                if n_bytes is None and "Content-Length" in answer.headers:
                    n_bytes = have + int(answer.headers["Content-Length"])
                bar = tqdm(
                    total=n_bytes,
                    initial=have,
                    unit="B",
                    unit_scale=True,
                    desc=self.remote.name,
                    leave=False,
                    disable=None if self.progress else True,
                )
                with bar, self.part.open("ab" if have else "wb") as stream:
                    for chunk in answer.iter_content(_CHUNK):
                        self._check_chunk(have, chunk)
                        stream.write(chunk)
                        have += len(chunk)
                        bar.update(len(chunk))
        except requests.RequestException as error:
            kept = f"{have:,}" if n_bytes is None else f"{have:,} of {n_bytes:,}"
            raise OSError(
                f"{url} cannot be had: {error}. {kept} bytes are kept; try again to go on, or "
                f"download it by hand into {self.part.parent}."
            ) from error
        return have, n_bytes

    def _check_chunk(self, have: int, chunk: bytes) -> None:
        start = chunk[:512].lower()
        if have == 0 and (b"<html" in start or b"<!doctype" in start):
            self.part.unlink()
            raise ValueError(
                f"{self.remote.url} answered with an HTML page, not the file: a login or an error "
                f"page. Download it by hand into {self.part.parent}."
            )
        most = self.remote.n_bytes
        if most is not None and have + len(chunk) > most:
            self.part.unlink()
            raise ValueError(
                f"{self.remote.url} sends more than the {most:,} bytes that the file has. Nothing "
                "was kept."
            )
