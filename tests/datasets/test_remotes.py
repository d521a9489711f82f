"""The table of what can be fetched: whole, and the files at hand are those that it knows."""

import gzip
import hashlib
import pathlib
import re
import tarfile

import pytest

import ct_s5_datasets
from ct_s5_datasets._remotes import remotes_of, table


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_parts_are_fetched_by_themselves():
    names = {remote.name for remote in remotes_of("rr_intervals", ("chf",))}
    assert len(names) == 10
    assert all(re.fullmatch(r"chf/chf2[01]\d_rr_secs\.txt", name) for name in names)
    assert [r.name for r in remotes_of("ushcn", ("gru-ode-bayes",))] == [
        "small_chunked_sporadic.csv"
    ]
    (any_other,) = remotes_of("uea", ("CharacterTrajectories",))
    assert any_other.name == "CharacterTrajectories.zip"
    assert any_other.url.endswith("/CharacterTrajectories.zip")
    assert len(remotes_of("uea")) == len(remotes_of("uea", ("JapaneseVowels",))) == 2
    assert len(remotes_of("uea", ("JapaneseVowels", "CharacterTrajectories"))) == 3
    assert remotes_of("lra/listops", ("lra",)) == ()
    assert remotes_of("lra/retrieval") == ()
    assert remotes_of("pam", ("raindrop-arrays",)) == ()


_EVERY = sorted(table())
_CHECK = "(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|wav:[0-9a-f]{64})?"


@pytest.mark.parametrize("name", _EVERY)
def test_every_remote_is_whole(name):
    assert name in ct_s5_datasets.describe()
    for remote in table()[name]:
        assert re.fullmatch(_CHECK, remote.check)
        assert remote.n_bytes is None or remote.n_bytes > 0
        assert remote.url.startswith("https://")
        assert remote.url.endswith(remote.name.rsplit("/", 1)[-1]) or "archive" in remote.url
        assert not pathlib.PurePosixPath(remote.name).is_absolute()
        assert ".." not in remote.name
        if "githubusercontent" in remote.url and remote.name != "small_chunked_sporadic.csv":
            assert re.search("/[0-9a-f]{40}/", remote.url)  # a commit, not what is newest
    for field in ("name", "url"):
        assert len({getattr(remote, field) for remote in table()[name]}) == len(table()[name])


def test_the_docs_name_what_can_be_fetched():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    (told,) = re.findall(r"These can be fetched: (.*?)\.", page, flags=re.DOTALL)
    assert sorted(re.findall("`(.*?)`", told)) == _EVERY


def _at_hand(shared_data, name, remote):
    """The content of a remote file as it lies in the shared folder; None where it does not."""
    folder = shared_data / _FOLDERS.get(name, name)
    base = remote.name.rsplit("/", 1)[-1]
    for path in sorted(folder.rglob(base)) + sorted(folder.rglob("*.gz")):
        if path.name == base and path.suffix != ".gz":
            return path.read_bytes()
        if path.name.startswith(base.split(".")[0]) and path.name.endswith((".csv.gz", ".tsv.gz")):
            return gzip.decompress(path.read_bytes())
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                if remote.name in archive.getnames():
                    return archive.extractfile(remote.name).read()
    return None


_FOLDERS = {
    "wearable": "uci_batteryless_activity",
    "earthquakes": "usgs_earthquakes",
    "gps": "uci_gps_gotrack",
    "glucose": "cgm",
    "lra/listops": "listops",
    "spoken_digits": "fsdd",
}
_AT_HAND = {  # how many files of a set are
    "physionet2012": 2,
    "ushcn": 1,
    "wearable": 60,
    "earthquakes": 1,
    "gps": 2,
    "glucose": 25,
    "rr_intervals": 37,
    "uea": 2,
    "lra/listops": 1,
}


@pytest.mark.parametrize("name", _AT_HAND)
def test_known_hashes_are_those_of_the_files_at_hand(shared_data, name):
    n_found = 0
    for remote in remotes_of(name):
        if remote.name.endswith((".tar.gz", "sporadic.csv")):  # packed anew there, or not there
            continue
        content = _at_hand(shared_data, name, remote)
        if content is not None:
            assert f"sha256:{_sha256(content)}" == remote.check, remote.name
            assert len(content) == remote.n_bytes
            n_found += 1
    assert n_found == _AT_HAND[name]


def test_the_recordings_of_spoken_digits_are_those_at_hand(shared_data):
    (path,) = (shared_data / "fsdd").glob("*.tar.gz")
    (remote,) = remotes_of("spoken_digits")
    words = []
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".wav"):
                content = archive.extractfile(member).read()
                words.append(f"{member.name.rsplit('/', 1)[-1]} {_sha256(content)}")
    assert len(words) == 3000
    assert remote.check == "wav:" + _sha256("\0".join(sorted(words)).encode())


@pytest.mark.parametrize(
    "name", ["wearable", "earthquakes", "gps", "glucose", "rr_intervals", "uea", "lra/listops"]
)
def test_a_set_as_it_is_fetched_is_the_set_at_hand(shared_data, tmp_path, name):
    for remote in remotes_of(name):
        path = tmp_path / remote.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_at_hand(shared_data, name, remote))
    part = {"lra/listops": "original", "uea": "JapaneseVowels"}.get(name)
    fetched = ct_s5_datasets.load(name, root=tmp_path, part=part)
    at_hand = ct_s5_datasets.load(name, root=shared_data / _FOLDERS.get(name, name), part=part)
    # By what they hold: the month of earthquakes has a date in its name there.
    assert list(fetched.files.values()) == list(at_hand.files.values())
