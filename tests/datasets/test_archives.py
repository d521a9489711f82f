"""An archive from anywhere is read whole or refused by name; nothing is ever written."""

import gzip
import io
import os
import tarfile

import pytest
from official_layout import gzip_of_zeros, write_tar

from ct_s5_datasets._archives import Limits, read_members

AGAIN = "Get it again."
TXT = r"[0-9]+\.txt"


def read(path, **limits):
    return read_members(path, TXT, again=AGAIN, limits=Limits(**limits))


@pytest.mark.parametrize("prefix", ["", "./", "set-a/", "./deep/er/set-a/"])
def test_archive_and_folder_give_the_same_members(tmp_path, prefix):
    texts = {f"{prefix}{number}.txt": f"text {number}" for number in (12, 7)}
    found = read(write_tar(tmp_path / "set.tar.gz", texts.items()))
    folder = tmp_path / "set"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert [(name.removeprefix(prefix), data) for name, data in found] == [
        ("12.txt", b"text 12"),
        ("7.txt", b"text 7"),
    ]
    assert [data for _, data in read(folder)] == [data for _, data in found]


def test_other_files_are_left_alone_and_nothing_is_written(tmp_path):
    members = [("set/README", "x"), ("set/._12.txt", "x"), ("set/12.txt", "y"), ("set/a.txt", "x")]
    path = write_tar(tmp_path / "set.tar.gz", members)
    assert read(path) == [("set/12.txt", b"y")]
    assert os.listdir(tmp_path) == ["set.tar.gz"]


def test_a_name_that_comes_twice_is_not_lost(tmp_path):
    path = write_tar(tmp_path / "set.tar.gz", [("1.txt", "old"), ("1.txt", "new")])
    assert [name for name, _ in read(path)] == ["1.txt", "1.txt"]


@pytest.mark.parametrize(
    "name", ["../1.txt", "set/../../1.txt", "/etc/1.txt", "..\\1.txt", "C:\\1.txt", "../notes"]
)
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    path = write_tar(tmp_path / "set.tar.gz", [("set/2.txt", "fine"), (name, "evil")])
    with pytest.raises(ValueError, match=r"set\.tar\.gz: member .* leaves .* folder.*Get it again"):
        read(path)


@pytest.mark.parametrize(
    ("kind", "said"),
    [(tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a link"), (tarfile.FIFOTYPE, "plain file")],
)
def test_links_and_devices_are_refused(tmp_path, kind, said):
    link = tarfile.TarInfo("set/1.txt")
    link.type, link.linkname = kind, "/etc/passwd"
    path = write_tar(tmp_path / "set.tar.gz", [(link, "")])
    with pytest.raises(ValueError, match=rf"member 'set/1.txt' is .*{said}; refused.*Get it again"):
        read(path)


def test_links_in_a_folder_are_refused(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "1.txt").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match=r"1\.txt is a link; refused\. Put the file itself there"):
        read(folder)


def test_a_bomb_is_refused_before_it_is_opened(tmp_path):
    path = gzip_of_zeros(tmp_path / "set.tar.gz", 40 * 2**20)
    assert path.stat().st_size < 50_000
    with pytest.raises(ValueError, match=r"more than 100-fold when decompressed; .* bomb"):
        read(path)
    with pytest.raises(ValueError, match=r"more than 2 MiB once decompressed; .* bomb"):
        read(path, total=2 * 2**20)


def test_a_member_that_claims_more_than_there_is_is_refused(tmp_path):
    header = tarfile.TarInfo("1.txt")
    header.size = 10**12
    path = tmp_path / "set.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(format=tarfile.GNU_FORMAT) + bytes(1024)))
    with pytest.raises(ValueError, match=r"set\.tar\.gz is (damaged|cut short).*Get it again"):
        read(path)


def test_too_many_members_are_refused(tmp_path):
    members = [(f"{number}.txt", "") for number in range(12)]
    path = write_tar(tmp_path / "set.tar.gz", members)
    folder = tmp_path / "set"
    folder.mkdir()
    for name, _ in members:
        (folder / name).write_text("12")
    for source in (path, folder):
        assert len(read(source, members=12)) == 12
        with pytest.raises(ValueError, match="more than 11 members"):
            read(source, members=11)
    with pytest.raises(ValueError, match=r"set holds more than .* MiB; refused"):
        read(folder, total=23)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_cut_download_is_named(tmp_path, kept):
    path = write_tar(tmp_path / "set.tar.gz", [(f"{n}.txt", os.urandom(500)) for n in range(20)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match=r"set\.tar\.gz is cut short: .* did not finish\. Get it"):
        read(path)


def test_a_tar_cut_before_it_was_packed_is_named(tmp_path):
    path = write_tar(tmp_path / "set.tar.gz", [("1.txt", "a" * 5000)])
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:3000]))
    with pytest.raises(ValueError, match=r"is (damaged|cut short).*Get it again"):
        read(path)


def test_damage_in_the_middle_is_not_taken_for_the_end(tmp_path):
    path = write_tar(tmp_path / "set.tar.gz", [("1.txt", "a"), ("2.txt", "b")])
    tar = bytearray(gzip.decompress(path.read_bytes()))
    tar[1024:1034] = b"\xff" * 10  # the second header
    path.write_bytes(gzip.compress(bytes(tar)))
    with pytest.raises(ValueError, match=r"is damaged after '1\.txt'"):
        read(path)
    packed = bytearray(gzip.compress(bytes(tar)))
    packed[-6] ^= 1  # the checksum
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"is damaged .*CRC"):
        read(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", "is an HTML page, not an archive"),
        (b"\n<HTML><body>404</body></HTML>", "is an HTML page, not an archive"),
        (b"PK\x03\x04", r"is not a \.tar\.gz archive \(it starts with b'PK"),
        (b"", r"is not a \.tar\.gz archive \(it starts with b''\)"),
        # Without the time of day in it, which would name the test differently in every process.
        (gzip.compress(b"Time,Parameter,Value\n" * 99, mtime=0), "is damaged: not a readable tar"),
    ],
    ids=["html", "html after a line", "zip", "empty", "no tar inside"],
)
def test_what_is_no_archive_is_said_to_be_none(tmp_path, content, said):
    path = tmp_path / "set.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"set\.tar\.gz {said}.*Get it again"):
        read(path)


def test_a_huge_extended_header_counts_against_the_limit(tmp_path):
    path = tmp_path / "set.tar.gz"
    info = tarfile.TarInfo("1.txt")
    info.pax_headers = {"comment": "x" * (20 * 2**20)}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO())
    with pytest.raises(ValueError, match=r"100-fold .* bomb"):
        read(path)
