"""Downloads from a server of the test's own on this machine: whole, checked, resumed, refused."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import multiprocessing
import pathlib
import re
import sys
import threading

import pytest

import ct_s5_datasets
from ct_s5_datasets import _alone, _fetch
from ct_s5_datasets._alone import alone
from ct_s5_datasets._fetch import REMOTES, Remote, fetch

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
        body = self.told["content"][start:]
        self.told["open"].wait(30)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body[: self.told["cut"]])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """What the server does, and what it was asked; the set "ours" is one file of it."""
    told = {"content": CONTENT, "status": 200, "cut": None, "no_ranges": False, "asked": []}
    told["open"] = threading.Event()
    told["open"].set()
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Server, told))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{made.server_port}/set.tar.gz"
    digest = hashlib.sha256(CONTENT).hexdigest()
    remote = Remote("set.tar.gz", url, digest, len(CONTENT))
    monkeypatch.setitem(_fetch.REMOTES, "ours", (remote,))
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
    _fetch.REMOTES["ours"] = (remote,)
    ready.put(True)
    (path,) = fetch("ours", folder, progress=False)
    results.put(path.read_bytes() == CONTENT)


@pytest.mark.skipif(sys.platform == "win32", reason="no file locks there")
def test_two_processes_fetch_a_file_once(server, tmp_path):
    server["open"].clear()
    context = multiprocessing.get_context("spawn")
    ready, results = context.Queue(), context.Queue()
    told = (*_fetch.REMOTES["ours"], tmp_path, ready, results)
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
    part = tmp_path / ".set.tar.gz.part"
    waiting = threading.Thread(target=fetch, args=("ours", tmp_path), kwargs={"progress": False})
    with alone(part, False):
        waiting.start()
        part.write_bytes(CONTENT[:1000])
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
    with pytest.raises(OSError, match=r"of 1,048,576 bytes are kept; try again to go on"):
        fetch("ours", tmp_path)
    (part,) = tmp_path.iterdir()
    assert part.name == ".set.tar.gz.part"
    kept = part.stat().st_size
    assert 200_000 < kept <= 300_000
    server["cut"] = None
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server["asked"] == [None, f"bytes={kept}-"]


def test_a_download_that_was_whole_before_it_was_killed_is_not_asked_for_again(server, tmp_path):
    (tmp_path / ".set.tar.gz.part").write_bytes(CONTENT)
    server["status"] = 416  # what a server says of a range that begins at the end
    (path,) = fetch("ours", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server["asked"] == []


@pytest.mark.parametrize(
    ("trouble", "error", "said"),
    [
        ({"content": CONTENT[::-1]}, ValueError, "gave another file than the one known"),
        ({"content": CONTENT + b"more"}, ValueError, "sends more than the 1,048,576 bytes"),
        ({"content": b"<!DOCTYPE html>log in"}, ValueError, "answered with an HTML page"),
        ({"status": 404}, OSError, "cannot be had: 404 .* download it by hand into"),
    ],
)
def test_what_is_not_the_file_leaves_nothing(server, tmp_path, trouble, error, said):
    server |= trouble
    with pytest.raises(error, match=said):
        fetch("ours", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_ones_own_is_not_overwritten(server, tmp_path):
    (tmp_path / "set.tar.gz").write_bytes(b"mine")
    with pytest.raises(ValueError, match="is there, and is not the provider's file"):
        fetch("ours", tmp_path)
    assert (tmp_path / "set.tar.gz").read_bytes() == b"mine"


def test_a_full_disk_is_told_and_what_came_is_kept(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        fetch("ours", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [".set.tar.gz.part"]


def test_sets_without_known_hashes_are_to_be_had_by_hand():
    with pytest.raises(ValueError, match=r"The files of gps cannot be fetched.*card\('gps'\)"):
        ct_s5_datasets.fetch("gps")
    with pytest.raises(ValueError, match="oscillators is made here and has no files to fetch"):
        ct_s5_datasets.fetch("oscillators")
    with pytest.raises(ValueError, match="Did you mean 'physionet2012'"):
        ct_s5_datasets.fetch("physionet212")


def test_load_fetches_only_when_asked(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(_fetch, "fetch", lambda *a, **k: asked.append(a) or [])
    monkeypatch.setenv("CT_S5_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        ct_s5_datasets.load("physionet2012")
    assert asked == []
    with pytest.raises(FileNotFoundError, match="physionet2012"):
        ct_s5_datasets.load("physionet2012/mtan-classif@1", download=True)
    assert asked == [("physionet2012", tmp_path / "physionet2012")]


@pytest.mark.parametrize("name", sorted(REMOTES))
def test_every_remote_is_whole_and_lies_at_its_provider(name):
    for remote in REMOTES[name]:
        assert re.fullmatch("[0-9a-f]{64}", remote.sha256)
        assert remote.n_bytes > 0
        assert remote.url.startswith("https://")
        assert remote.url.endswith(f"/{remote.name}")
    for field in ("name", "url", "sha256"):
        assert len({getattr(remote, field) for remote in REMOTES[name]}) == len(REMOTES[name])


def test_what_is_fetched_of_physionet2019_is_what_its_loader_looks_for(tmp_path):
    root = tmp_path / "physionet2019"
    root.mkdir()
    for remote in REMOTES["physionet2019"]:
        (root / remote.name).write_bytes(b"PK\x03\x04")
        part = remote.name.removeprefix("training_set").removesuffix(".zip")
        with pytest.raises(ValueError, match=rf"{remote.name} is cut short"):
            ct_s5_datasets.load("physionet2019", root=root, part=part)


def test_a_set_that_is_there_in_another_form_is_not_fetched(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(_fetch, "fetch", lambda *a, **k: asked.append(a) or [])
    (tmp_path / "train" / "pos").mkdir(parents=True)
    with pytest.raises(FileNotFoundError):
        ct_s5_datasets.load("lra/text", root=tmp_path, download=True)
    assert asked == []
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"is not a \.tar\.gz"):
        ct_s5_datasets.load("lra/text", root=tmp_path, download=True)
    assert asked == [("lra/text", tmp_path)]


# What a loader says of a file that begins as it should and has nothing else.
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist", "gz is cut short"),
        ("cifar10", "cifar-10-binary.tar.gz is cut short"),
        ("lra/image", "cifar-10-binary.tar.gz is cut short"),
        ("lra/text", "aclImdb_v1.tar.gz is cut short"),
        ("speech_commands", "speech_commands_v0.02.tar.gz is cut short"),
    ],
)
def test_what_is_fetched_is_what_the_loader_opens(tmp_path, name, said):
    for remote in REMOTES[name]:
        (tmp_path / remote.name).write_bytes(gzip.compress(bytes(4000))[:-10])
    assert ct_s5_datasets.describe()[name].lies_in(tmp_path)
    with pytest.raises(ValueError, match=said):
        ct_s5_datasets.load(name, root=tmp_path)


def test_the_docs_name_what_can_be_fetched():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    (told,) = re.findall(r"whose hashes are known: (.*?)\.", page, flags=re.DOTALL)
    assert sorted(re.findall("`(.*?)`", told)) == sorted(REMOTES)


def test_known_hashes_are_those_of_the_files_at_hand(shared_data):
    for remote in REMOTES["physionet2012"]:
        path = shared_data / "physionet2012" / remote.name
        if path.suffix == ".txt" and path.is_file():  # the archives there were packed anew
            assert hashlib.sha256(path.read_bytes()).hexdigest() == remote.sha256
            assert path.stat().st_size == remote.n_bytes
