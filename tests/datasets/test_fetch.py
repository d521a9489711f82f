"""Downloads from a server of the test's own on this machine: whole, checked, resumed, refused."""

import contextlib
import dataclasses
import errno
import functools
import gzip
import hashlib
import http.server
import io
import multiprocessing
import pathlib
import sys
import tarfile
import threading

import pytest

import ct_s5_datasets
from ct_s5_datasets import _alone, _fetch
from ct_s5_datasets._alone import alone
from ct_s5_datasets._fetch import fetch
from ct_s5_datasets._remotes import Remote, table

CONTENT = bytes(range(256)) * 4096  # a megabyte


class _Server(http.server.BaseHTTPRequestHandler):
    """Serves one file, in ranges if asked for, in the ways a server can go wrong."""

    def __init__(self, told, *arguments):
        self.told = told
        super().__init__(*arguments)

    def do_GET(self):
        asked = self.headers.get("Range")
        self.told["asked"].append(asked)
        if self.told["status"] != 200:
            self.send_error(self.told["status"])
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        start = 0 if self.told["no_ranges"] else start
        content = self.told["content"]
        if isinstance(content, dict):
            content = content.get(self.path)
        if content is None:
            self.send_error(404)
            return
        body = content[start:]
        self.told["open"].wait(30)
        self.send_response(206 if start else 200)
        if self.told["length"]:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body[: self.told["cut"]])

    def log_message(self, *_):
        pass


def _begun(folder):
    """Where a download of "ours" lies that is not whole."""
    (folder / ".fetching").mkdir(exist_ok=True)
    return folder / ".fetching" / ".set.tar.gz.part"


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """What the server does, and what it was asked; the set "ours" is one file of it."""
    told = {"content": CONTENT, "status": 200, "cut": None, "no_ranges": False, "asked": []}
    told |= {"open": threading.Event(), "length": True}
    told["open"].set()
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Server, told))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{made.server_port}/set.tar.gz"
    remote = Remote("set.tar.gz", url, f"sha256:{_sha256(CONTENT)}", len(CONTENT))
    monkeypatch.setitem(table(), "ours", (remote,))
    told["remote"] = remote
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield told
    made.shutdown()
    made.server_close()


def test_a_file_comes_whole_and_comes_once(server, tmp_path):
    (path,) = fetch("ours", tmp_path / "new")
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["set.tar.gz"]
    fetch("ours", tmp_path / "new")
    assert server["asked"] == [None]


def _fetch_elsewhere(remote, folder, ready, results):
    table()["ours"] = (remote,)
    ready.put(True)
    (path,) = fetch("ours", folder, progress=False)
    results.put(path.read_bytes() == CONTENT)


@pytest.mark.skipif(sys.platform == "win32", reason="no file locks there")
def test_two_processes_fetch_a_file_once(server, tmp_path):
    server["open"].clear()
    context = multiprocessing.get_context("spawn")
    ready, results = context.Queue(), context.Queue()
    told = (*table()["ours"], tmp_path, ready, results)
    processes = [context.Process(target=_fetch_elsewhere, args=told) for _ in range(2)]
    for process in processes:
        process.start()
    assert ready.get(timeout=60)
    assert ready.get(timeout=60)
    server["open"].set()  # both are at it: no byte came before
    assert results.get(timeout=60)
    assert results.get(timeout=60)
    for process in processes:
        process.join(30)
    assert server["asked"] == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["set.tar.gz"]


def test_one_waits_and_goes_on_where_the_other_stopped(server, tmp_path):
    waiting = threading.Thread(target=fetch, args=("ours", tmp_path), kwargs={"progress": False})
    with alone(tmp_path / ".fetching.lock", False):
        waiting.start()
        _begun(tmp_path).write_bytes(CONTENT[:1000])
    waiting.join(30)
    assert (tmp_path / "set.tar.gz").read_bytes() == CONTENT
    assert server["asked"] == ["bytes=1000-"]


def test_where_files_have_no_locks_what_is_fetched_is_not_held_open(tmp_path, monkeypatch):
    # Windows, which has no fcntl, moves no file that is open.
    monkeypatch.setattr(_alone, "fcntl", None)
    part = tmp_path / "set.part"
    with alone(part, False):
        assert not part.exists()


@pytest.mark.parametrize("no_ranges", [False, True])
def test_an_interrupted_download_goes_on(server, tmp_path, no_ranges):
    server |= {"cut": 300_000, "no_ranges": no_ranges}
    with pytest.raises(OSError, match=r"of 1,048,576 bytes are kept; try again to resume"):
        fetch("ours", tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == [".fetching", ".set.tar.gz.part"]
    kept = _begun(tmp_path).stat().st_size
    assert 200_000 < kept <= 300_000
    server["cut"] = None
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server["asked"] == [None, f"bytes={kept}-"]


def test_a_download_that_was_whole_before_it_was_killed_is_not_asked_for_again(server, tmp_path):
    _begun(tmp_path).write_bytes(CONTENT)
    server["status"] = 416  # what a server says of a range that begins at the end
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server["asked"] == []


@pytest.mark.parametrize(
    ("trouble", "error", "said"),
    [
        (
            {"content": CONTENT[::-1]},
            ValueError,
            "does not have the expected hash: expected sha256",
        ),
        ({"content": CONTENT + b"more"}, ValueError, "sends more than the 1,048,576 bytes"),
        ({"content": b"<!DOCTYPE html>log in"}, ValueError, "answered with an HTML page"),
        ({"status": 404}, OSError, "could not be downloaded: 404 .* download it by hand into"),
    ],
)
def test_what_is_not_the_file_leaves_nothing(server, tmp_path, trouble, error, said):
    server |= trouble
    with pytest.raises(error, match=said):
        fetch("ours", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_ones_own_is_not_overwritten(server, tmp_path):
    (tmp_path / "set.tar.gz").write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"exists, but its hash is sha256:.*; expected sha256:"):
        fetch("ours", tmp_path)
    assert (tmp_path / "set.tar.gz").read_bytes() == b"mine"


class _Full(io.FileIO):
    """A file on a disk that has room for 300,000 bytes."""

    def write(self, content):
        if self.tell() + len(content) > 300_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


def test_a_full_disk_is_told_and_what_came_is_kept(server, tmp_path, monkeypatch):
    as_ever = pathlib.Path.open

    def small(path, mode="r", *rest, **told):
        return (
            _Full(path, mode[0]) if path.suffix == ".part" else as_ever(path, mode, *rest, **told)
        )

    with monkeypatch.context() as now:
        now.setattr(pathlib.Path, "open", small)
        said = r"fetching is full \(No space left on device\): .* bytes of .* are kept. Free some"
        with pytest.raises(OSError, match=said):
            fetch("ours", tmp_path)
    kept = _begun(tmp_path).stat().st_size
    assert 200_000 < kept <= 300_000
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server["asked"] == [None, f"bytes={kept}-"]


@pytest.fixture
def several(monkeypatch, server):
    """The set "ours" as three files, two of them in a folder; each ends as its name says."""
    server["content"] = {}
    remotes = []
    for name in ("S/a", "S/b", "c"):
        content = CONTENT[:5000] + name.encode()
        url = server["remote"].url.replace("set.tar.gz", name)
        server["content"][f"/{name}"] = content
        remotes.append(Remote(name, url, f"sha256:{_sha256(content)}", len(content)))
    monkeypatch.setitem(table(), "ours", tuple(remotes))
    return server


def test_a_set_of_several_files_is_there_whole_or_not_at_all(several, tmp_path):
    b = several["content"].pop("/S/b")
    with pytest.raises(OSError, match="could not be downloaded: 404"):
        fetch("ours", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".fetching"]
    several["content"]["/S/b"] = b
    paths = fetch("ours", tmp_path)
    assert [path.read_bytes()[5000:] for path in paths] == [b"S/a", b"S/b", b"c"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["S", "c"]
    assert len(several["asked"]) == 4  # the first came once
    (tmp_path / "S" / "a").unlink()
    fetch("ours", tmp_path)
    assert (tmp_path / "S" / "a").read_bytes() == paths[0].read_bytes()
    assert len(several["asked"]) == 5


def test_what_an_earlier_call_left_is_checked_again(several, tmp_path):
    (tmp_path / ".fetching" / "S").mkdir(parents=True)
    (tmp_path / ".fetching" / "S" / "a").write_bytes(b"of another version of this library")
    (tmp_path / ".fetching" / "S" / "tmp1234").write_bytes(b"of a call that was killed")
    paths = fetch("ours", tmp_path)
    assert paths[0].read_bytes() == several["content"]["/S/a"]
    assert sorted(path.name for path in (tmp_path / "S").iterdir()) == ["a", "b"]


def _now(monkeypatch, server, **changed):
    """The set "ours" with another of its file told."""
    remote = dataclasses.replace(server["remote"], **changed)
    monkeypatch.setitem(table(), "ours", (remote,))


def test_a_file_whose_size_nobody_tells_comes_by_its_hash(monkeypatch, server, tmp_path):
    _now(monkeypatch, server, n_bytes=None, check=f"md5:{hashlib.md5(CONTENT).hexdigest()}")
    server["cut"] = 300_000
    with pytest.raises(OSError, match=r"of 1,048,576 bytes are kept; try again to resume"):
        fetch("ours", tmp_path)
    kept = _begun(tmp_path).stat().st_size
    server["cut"] = None
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server["asked"] == [None, f"bytes={kept}-"]
    path.unlink()
    server |= {"length": False, "content": CONTENT[:-1]}
    with pytest.raises(ValueError, match="does not have the expected hash"):
        fetch("ours", tmp_path)
    assert list(tmp_path.iterdir()) == []
    # What was whole before it was killed: the server has nothing to add.
    _begun(tmp_path).write_bytes(CONTENT)
    server["status"] = 416
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT


def test_without_a_hash_a_file_comes_only_if_it_is_to_be_pinned(monkeypatch, server, tmp_path):
    _now(monkeypatch, server, n_bytes=None, check="", parts=("p",))
    said = r"set\.tar\.gz has no published hash.*fetch ours --part p --pin.*part='p', pin=True"
    with pytest.raises(ValueError, match=said):
        fetch("ours", tmp_path, ("p",))
    assert server["asked"] == []
    assert list(tmp_path.iterdir()) == []
    (path,) = fetch("ours", tmp_path, ("p",), pin=True)
    assert path.read_bytes() == CONTENT
    # In the form that `sha256sum --check` reads.
    assert (tmp_path / "SHA256SUMS").read_text() == f"{_sha256(CONTENT)}  set.tar.gz\n"
    # From then on it is checked, whether it lies there or comes again.
    fetch("ours", tmp_path)
    path.write_bytes(b"edited")
    with pytest.raises(ValueError, match="exists, but its hash is"):
        fetch("ours", tmp_path)
    path.unlink()
    server["content"] = CONTENT[::-1]
    with pytest.raises(ValueError, match="take its line out of SHA256SUMS"):
        fetch("ours", tmp_path, pin=True)
    assert [p.name for p in tmp_path.iterdir()] == ["SHA256SUMS"]
    (tmp_path / "SHA256SUMS").write_text("")
    (path,) = fetch("ours", tmp_path, pin=True)
    assert path.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    "line", ["{}  set.tar.gz", "{} *set.tar.gz\n", "{}  ./set.tar.gz\r\n", "\ufeff{}  set.tar.gz\n"]
)
def test_pins_are_read_as_sha256sum_writes_them(monkeypatch, server, tmp_path, line):
    _now(monkeypatch, server, n_bytes=None, check="")
    text = line.format(_sha256(CONTENT).upper())
    (tmp_path / "SHA256SUMS").write_text(text, encoding="utf-8", newline="")
    (path,) = fetch("ours", tmp_path)  # pinned already
    path.write_bytes(b"edited")
    with pytest.raises(ValueError, match="exists, but its hash is"):
        fetch("ours", tmp_path)
    # Another pin is added on a line of its own, and loses none.
    _now(monkeypatch, server, n_bytes=None, check="", name="other.tar.gz")
    fetch("ours", tmp_path, pin=True)
    assert (tmp_path / "SHA256SUMS").read_text() == "".join(
        f"{_sha256(CONTENT)}  {name}\n" for name in ("set.tar.gz", "other.tar.gz")
    )


@pytest.mark.parametrize("line", ["set.tar.gz", "SHA256 (set.tar.gz) = {}", "{} set.tar.gz"])
def test_a_line_that_is_no_pin_is_refused(monkeypatch, server, tmp_path, line):
    _now(monkeypatch, server, n_bytes=None, check="")
    (tmp_path / "SHA256SUMS").write_text(f"\n{line.format(_sha256(CONTENT))}\n")
    with pytest.raises(ValueError, match=r"SHA256SUMS, line 2: .* is not a SHA-256, two spaces"):
        fetch("ours", tmp_path, pin=True)


def test_what_is_pinned_is_never_put_together_of_two_downloads(monkeypatch, server, tmp_path):
    _now(monkeypatch, server, n_bytes=None, check="")
    server["cut"] = 300_000
    with pytest.raises(OSError, match=r"could not be downloaded: .*\. Try again, or"):
        fetch("ours", tmp_path, pin=True)
    server |= {"cut": None, "content": CONTENT[::-1]}
    (path,) = fetch("ours", tmp_path, pin=True)
    assert path.read_bytes() == CONTENT[::-1]
    assert server["asked"] == [None, None]


def test_a_file_of_ones_own_needs_no_pin(monkeypatch, server, tmp_path):
    _now(monkeypatch, server, n_bytes=None, check="")
    (tmp_path / "set.tar.gz").write_bytes(b"mine")
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == b"mine"
    assert [p.name for p in tmp_path.iterdir()] == ["set.tar.gz"]
    fetch("ours", tmp_path, pin=True)
    assert (tmp_path / "SHA256SUMS").read_text() == f"{_sha256(b'mine')}  set.tar.gz\n"
    assert server["asked"] == []


def _packed(recordings, **told):
    """An archive of recordings as a server packs it, which is never twice the same."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", **told) as archive:
        for name, content in recordings.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_an_archive_that_is_packed_anew_each_time_is_known_by_its_recordings(
    monkeypatch, server, tmp_path
):
    recordings = {f"top/recordings/{k}.wav": bytes([k]) * 500 for k in range(5)}
    words = sorted(f"{k}.wav {_sha256(bytes([k]) * 500)}" for k in range(5))
    check = "wav:" + _sha256("\0".join(words).encode())
    _now(monkeypatch, server, n_bytes=None, check=check)
    once, again = (_packed(recordings, compresslevel=level) for level in (1, 9))
    assert once != again
    for content in (once, again):
        server |= {"content": content, "length": False}
        (path,) = fetch("ours", tmp_path)
        assert path.read_bytes() == content
        fetch("ours", tmp_path)
        path.unlink()
    for content in (_packed(recordings | {"top/recordings/4.wav": b"other"}), b"no archive"):
        server["content"] = content
        with pytest.raises(ValueError, match="does not have the expected hash"):
            fetch("ours", tmp_path)
        assert list(tmp_path.iterdir()) == []
    # Two downloads are two archives: the second does not go on where the first stopped.
    server |= {"content": once, "cut": 200, "length": True}
    with pytest.raises(OSError, match=r"could not be downloaded: .*\. Try again, or"):
        fetch("ours", tmp_path)
    server |= {"content": again, "cut": None}
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == again


def test_where_no_address_is_known_the_card_tells():
    said = r"The files of lra/retrieval cannot be fetched.*card\('lra/retrieval'\)"
    with pytest.raises(ValueError, match=said):
        ct_s5_datasets.fetch("lra/retrieval")
    with pytest.raises(ValueError, match=r"wearable S1 S2 cannot be fetched: .* the parts S1 that"):
        ct_s5_datasets.fetch("wearable", part=("S1", "S2"))
    with pytest.raises(ValueError, match=r"listops lra cannot be fetched: .* the parts original"):
        ct_s5_datasets.fetch("lra/listops@s5")
    for part in ("*", "", "..", "a b", "x#y", "a\n"):
        with pytest.raises(ValueError, match="cannot be fetched"):
            ct_s5_datasets.fetch("uea", part=part, pin=True)
    for part in (5, b"abc", (1,)):
        with pytest.raises(TypeError, match="give the name of a part, or a tuple of names"):
            ct_s5_datasets.fetch("uea", part=part, pin=True)
    with pytest.raises(ValueError, match="oscillators is made here and has no files to fetch"):
        ct_s5_datasets.fetch("oscillators")
    with pytest.raises(ValueError, match="Did you mean 'physionet2012'"):
        ct_s5_datasets.fetch("physionet212")


def test_a_protocol_fetches_its_part(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(_fetch, "fetch", lambda *a, **k: asked.append((*a, k["pin"])) or [])
    ct_s5_datasets.fetch("ushcn/debrouwer@1", tmp_path)
    ct_s5_datasets.fetch("uea/japanese-vowels-drop-50@1", tmp_path, pin=True)
    ct_s5_datasets.fetch("rr_intervals", tmp_path, part=("normal", "chf"))
    assert asked == [
        ("ushcn", tmp_path, ("gru-ode-bayes",), False),
        ("uea", tmp_path, ("JapaneseVowels",), True),
        ("rr_intervals", tmp_path, ("normal", "chf"), False),
    ]


def test_load_fetches_only_when_asked(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(_fetch, "fetch", lambda *a, **k: asked.append((*a, k)) or [])
    monkeypatch.setenv("CT_S5_DATA", str(tmp_path))
    said = (
        r"is not a folder.*PhysioNet.*licence.*ct-s5 data fetch physionet2012 --part a, or download"
    )
    with pytest.raises(FileNotFoundError, match=said):
        ct_s5_datasets.load("physionet2012")
    said = r"ct-s5 data fetch uea --part CharacterTrajectories --pin, or download=\"pin\"\.$"
    with pytest.raises(FileNotFoundError, match=said):
        ct_s5_datasets.load("uea/character-trajectories-neuralcde-30@1", root=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"^(?!.*download).*CT_S5_DATA"):
        ct_s5_datasets.load("lra/retrieval")
    with pytest.raises(ValueError, match=r"download='Pin': give True, False or \"pin\""):
        ct_s5_datasets.load("lra/retrieval", download="Pin")
    assert asked == []
    with pytest.raises(FileNotFoundError, match="physionet2012"):
        ct_s5_datasets.load("physionet2012/mtan-classif@1", download=True)
    with pytest.raises(FileNotFoundError, match=r"CharacterTrajectories\.zip"):
        ct_s5_datasets.load("uea/character-trajectories-neuralcde-30@1", download="pin")
    with pytest.raises(FileNotFoundError, match="S1_Dataset"):
        ct_s5_datasets.load("wearable", download=True)
    assert asked == [
        ("physionet2012", tmp_path / "physionet2012", ("a",), {"pin": False}),
        ("uea", tmp_path / "uea", ("CharacterTrajectories",), {"pin": True}),
        ("wearable", tmp_path / "wearable", ("S1",), {"pin": False}),
    ]


def test_what_is_fetched_of_physionet2019_is_what_its_loader_looks_for(tmp_path):
    root = tmp_path / "physionet2019"
    root.mkdir()
    for remote in table()["physionet2019"]:
        (root / remote.name).write_bytes(b"PK\x03\x04")
        part = remote.name.removeprefix("training_set").removesuffix(".zip")
        with pytest.raises(ValueError, match=rf"{remote.name} is cut short"):
            ct_s5_datasets.load("physionet2019", root=root, part=part)


def test_a_set_that_is_there_in_another_form_is_not_fetched(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(_fetch, "fetch", lambda *a, **k: asked.append(a) or [])
    folder = tmp_path / "JapaneseVowels"
    make = {"TRAIN": 270, "TEST": 370}
    for half, n in make.items():
        text = "@problemName JapaneseVowels\n@timeStamps false\n@classLabel true 1\n@data\n"
        folder.mkdir(exist_ok=True)
        packed = gzip.compress((text + "1.0,2.0:1\n" * n).encode())
        (folder / f"JapaneseVowels_{half}.ts.gz").write_bytes(packed)
    found = ct_s5_datasets.load("uea", root=tmp_path, part="JapaneseVowels", download=True)
    assert len(found.labels) == 640
    assert asked == []
    (folder / "JapaneseVowels_TEST.ts.gz").unlink()
    with pytest.raises(FileNotFoundError, match="JapaneseVowels_TEST"):
        ct_s5_datasets.load("uea", root=tmp_path, part="JapaneseVowels", download=True)
    assert asked == [("uea", tmp_path, ("JapaneseVowels",))]


# What a loader says of a file that begins as it should and has nothing else.
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist", "gz is cut short"),
        ("cifar10", "cifar-10-binary.tar.gz is cut short"),
        ("lra/image", "cifar-10-binary.tar.gz is cut short"),
        ("lra/text", "aclImdb_v1.tar.gz is cut short"),
        ("speech_commands", "speech_commands_v0.02.tar.gz is cut short"),
        ("spoken_digits", r"free-spoken-digit-dataset-26eb9aaf.*\.tar\.gz is cut short"),
    ],
)
def test_what_is_fetched_is_what_the_loader_opens(tmp_path, name, said):
    for remote in table()[name]:
        (tmp_path / remote.name).write_bytes(gzip.compress(bytes(4000))[:-10])
    assert ct_s5_datasets.describe()[name].lies_in(tmp_path)
    with pytest.raises(ValueError, match=said):
        ct_s5_datasets.load(name, root=tmp_path)
