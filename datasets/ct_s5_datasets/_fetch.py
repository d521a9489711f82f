"""Files from where they are to be had, each checked, resumed after an interruption.

They are gathered in a hidden folder of the one they go to, and move into place when all of them are
whole and right: a set is not there in part. What an interrupted call leaves in that folder the next
one goes on from. One process at a time fetches into a folder: it holds a lock, which ends with it,
however it ends.

Of some files nobody publishes a hash. They come only where that is asked for (`pin`), and their
SHA-256 is then kept in `SHA256SUMS`: every later download is checked against it.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._alone import alone
from ._archives import stream_members
from ._limits import Limits
from ._noted import joint, sha256_of
from ._pins import PINS, keep_pin, read_pins
from ._remotes import Remote, command, named_parts, remotes_of

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
            is known and `pin` is not given; or a file is not what it should be.
        OSError: The server cannot be reached, stopped halfway, or the disk is full. What came is
            kept, and the next call goes on from there.

    """
    remotes = remotes_of(entry, parts)
    if not remotes:
        raise ValueError(_no_address(entry, parts))
    pins = read_pins(folder)
    checks = {r.name: r.check or _pinned(pins, r.name) for r in remotes}
    unknown = [r for r in remotes if not checks[r.name] and not (folder / r.name).is_file()]
    if unknown and not pin:
        raise ValueError(_unpublished(entry, parts, unknown[0]))
    if missing := [r for r in remotes if not _there(folder / r.name, checks[r.name])]:
        folder.mkdir(parents=True, exist_ok=True)
        staging = folder / "-".join((".fetching", *parts))
        with alone(folder / ".fetching.lock", progress):
            try:
                _fill(folder, staging, missing, checks, progress)
            finally:
                _drop_empty(staging)
    if pin:  # what was put there by hand, too
        _keep_pins(folder, folder, remotes)
    return [folder / r.name for r in remotes]


def _fill(
    folder: Path,
    staging: Path,
    missing: Sequence[Remote],
    checks: dict[str, str],
    progress: bool,
) -> None:
    """Gather what is missing, and only then put it in its place."""
    # Another process may have been first.
    missing = [r for r in missing if not _there(folder / r.name, checks[r.name])]
    for remote in missing:
        _gather(remote, checks[remote.name], staging, progress)
    _keep_pins(folder, staging, missing)
    wanted = {staging / remote.name for remote in missing}
    for path in staging.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()  # what pooch had no time to clear away
    for remote in missing:
        _move(staging, folder, remote.name)


def _keep_pins(folder: Path, place: Path, remotes: Sequence[Remote]) -> None:
    """Pin what has neither a published hash nor a pin; it lies in `place`."""
    pins = read_pins(folder)
    for remote in remotes:
        if not remote.check and remote.name not in pins:
            keep_pin(folder, remote.name, sha256_of(place / remote.name))


def _drop_empty(staging: Path) -> None:
    """Leave files to go on from, where a call was interrupted, and no empty folders."""
    for place in (*sorted(staging.rglob("*"), reverse=True), staging):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()


def _no_address(entry: str, parts: tuple[str, ...]) -> str:
    known = named_parts(entry)
    asked = " ".join((entry, *parts))
    if parts and known:
        return (
            f"{asked} cannot be fetched: of {entry} it is the parts {', '.join(known)} that can. "
            f"The card tells where to get others: ct-s5 data card {entry}."
        )
    return (
        f"The files of {asked} cannot be fetched: no address with a hash is known. The card tells "
        f"where to get them: ct-s5 data card {entry}, or ct_s5_datasets.card({entry!r})."
    )


def _unpublished(entry: str, parts: tuple[str, ...], remote: Remote) -> str:
    part = f", part={(parts[0] if len(parts) == 1 else parts)!r}" if parts else ""
    others = [p for p in named_parts(entry) if all(r.check for r in remotes_of(entry, (p,)))]
    also = f" The part {' or '.join(others)} has a known hash." if others else ""
    return (
        f"{remote.url} has no published hash, so a download of it cannot be verified. To take it "
        f"as it comes and keep its SHA-256 in {PINS}, which later downloads are checked against: "
        f"{command(entry, parts)}, ct_s5_datasets.fetch({entry!r}{part}, pin=True), or load with "
        f'download="pin".{also}'
    )


def _pinned(pins: dict[str, str], name: str) -> str:
    return f"sha256:{pins[name]}" if name in pins else ""


def _check_of(path: Path, kind: str) -> str:
    """What a file is, told as a check of this kind is."""
    if kind != "wav":
        with path.open("rb") as stream:
            return f"{kind}:{hashlib.file_digest(stream, kind).hexdigest()}"
    recordings = stream_members(path, r".*\.wav", again="Fetch it again.", limits=Limits())
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
            f"{path} exists, but its hash is {found}; expected {check}. Move it away to have it "
            "fetched, or leave the download out to use it as it is."
        )
    return True


def _move(staging: Path, folder: Path, name: str) -> None:
    """Put a file in its place, or, at once, the whole folder that it came in, if that is new."""
    top = name.split("/")[0]
    whole = top if not (folder / top).exists() else name
    if (staging / whole).exists():
        (folder / whole).parent.mkdir(parents=True, exist_ok=True)
        os.replace(staging / whole, folder / whole)


def _gather(remote: Remote, check: str, staging: Path, progress: bool) -> None:
    """Have a file in the staging folder, whole and right."""
    try:
        import pooch
    except ImportError:
        raise ImportError("Fetching needs pooch: pip install 'ct-s5[data]'.") from None
    path = staging / remote.name
    if path.is_file():  # an earlier call got it, and was stopped at another
        if not check or _check_of(path, _kind(check)) == check:
            return
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel("WARNING")
    downloader: Any = _Resuming(remote, check, path.with_name(f".{path.name}.part"), progress)
    try:
        # The downloader has checked it, before it gave it a name.
        pooch.retrieve(
            remote.url, known_hash=None, fname=remote.name, path=staging, downloader=downloader
        )
    finally:
        logger.setLevel(before)


class _Resuming:
    """A downloader for pooch that goes on where an earlier one stopped, and checks what came."""

    def __init__(self, remote: Remote, check: str, part: Path, progress: bool):
        self.remote, self.check, self.part, self.progress = remote, check, part, progress

    def __call__(self, url: str, output_file: Any, pooch: object) -> None:
        have, n_bytes = self._kept(), self.remote.n_bytes
        if not have or have != n_bytes:
            have, n_bytes = self._download(url, have)
            if n_bytes is not None and have < n_bytes:
                raise OSError(
                    f"{url} stopped after {have:,} of {n_bytes:,} bytes, which are kept. Try again "
                    "to resume."
                )
        self._verify()
        os.replace(self.part, output_file)

    @property
    def _resumes(self) -> bool:
        # Two halves might be of two files where no hash is there to decide, and are where the
        # archive is packed anew at each download.
        return _kind(self.check) in ("sha256", "md5")

    def _kept(self) -> int:
        """How much of an earlier download to go on from."""
        have = self.part.stat().st_size if self.part.is_file() else 0
        return have if self._resumes and have <= (self.remote.n_bytes or have) else 0

    def _verify(self) -> None:
        if not self.check:
            return
        try:
            found = _check_of(self.part, _kind(self.check))
        except ValueError as error:  # no archive at all
            found = f"none: {error}"
        if found != self.check:
            self.part.unlink()
            raise ValueError(
                f"The file at {self.remote.url} does not have the expected hash: expected "
                f"{self.check}, got {found}. Nothing was kept. Try again; if it stays so, the file "
                f"was changed there: tell us, or, where you pinned it yourself, take its line out "
                f"of {PINS} to accept the new one."
            )

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
            again = f"{kept} bytes are kept; try again to resume" if self._resumes else "Try again"
            raise OSError(
                f"{url} could not be downloaded: {error}. {again}, "
                "or download it by hand into the folder of the set."
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise OSError(
                f"{self.part.parent} is full ({error.strerror}): {have:,} bytes of {url} are kept. "
                "Free some space and try again to resume."
            ) from error
        return have, n_bytes

    def _check_chunk(self, have: int, chunk: bytes) -> None:
        start = chunk[:512].lower()
        if have == 0 and (b"<html" in start or b"<!doctype" in start):
            self.part.unlink()
            raise ValueError(
                f"{self.remote.url} answered with an HTML page, not the file: a login or an error "
                "page. Download it by hand into the folder of the set."
            )
        most = self.remote.n_bytes
        if most is not None and have + len(chunk) > most:
            self.part.unlink()
            raise ValueError(
                f"{self.remote.url} sends more than the {most:,} bytes that the file has. Nothing "
                "was kept."
            )
