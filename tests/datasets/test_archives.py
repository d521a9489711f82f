"""An archive from anywhere is read whole or refused by name; nothing is ever written."""

import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from official_layout import gzip_of_zeros, write_tar, write_zip

from ct_s5_datasets._archives import Limits, read_members
from ct_s5_datasets._files import read_file

AGAIN = "Get it again."
TXT = r"[0-9]+\.txt"


def read(path, **limits):
    return read_members(path, TXT, again=AGAIN, limits=Limits(**limits))


@pytest.fixture(params=[(write_tar, "set.tar.gz"), (write_zip, "set.zip")], ids=["tar", "zip"])
def pack(request, tmp_path):
    """Pack (name, text) pairs as one of the two kinds of archive."""
    write, name = request.param
    return lambda members: write(tmp_path / name, members)


@pytest.mark.parametrize("prefix", ["", "./", "set-a/", "./deep/er/set-a/"])
def test_archive_and_folder_give_the_same_members(tmp_path, pack, prefix):
    texts = {f"{prefix}{number}.txt": f"text {number}" for number in (12, 7)}
    found = read(pack(texts.items()))
    folder = tmp_path / "set"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert [(name.removeprefix(prefix), data) for name, data in found] == [
        ("12.txt", b"text 12"),
        ("7.txt", b"text 7"),
    ]
    assert [data for _, data in read(folder)] == [data for _, data in found]


def test_other_files_are_left_alone_and_nothing_is_written(tmp_path, pack):
    members = [("set/README", "x"), ("set/._12.txt", "x"), ("set/12.txt", "y"), ("set/a.txt", "x")]
    path = pack(members)
    assert read(path) == [("set/12.txt", b"y")]
    assert os.listdir(tmp_path) == [path.name]


def test_what_a_mac_keeps_beside_a_file_is_none_of_the_set(tmp_path, pack):
    names = ("p1.csv", "._p1.csv")
    (tmp_path / "folder").mkdir()
    for name in names:
        (tmp_path / "folder" / name).write_text(name)
    for source in (tmp_path / "folder", pack([(name, name) for name in names])):
        found = read_members(source, r".+\.csv", again=AGAIN, limits=Limits())
        assert [content for _, content in found] == [b"p1.csv"]


def test_a_name_that_comes_twice_is_not_lost(pack):
    path = pack([("1.txt", "old"), ("1.txt", "new")])
    assert read(path) == [("1.txt", b"old"), ("1.txt", b"new")]


@pytest.mark.parametrize(
    "name", ["../1.txt", "set/../../1.txt", "/etc/1.txt", "..\\1.txt", "C:\\1.txt", "../notes"]
)
def test_names_that_leave_the_folder_are_refused(pack, name):
    path = pack([("set/2.txt", "fine"), (name, "evil")])
    with pytest.raises(
        ValueError, match=r"set\.(tar\.gz|zip): member .* leaves .* folder.*Get it again"
    ):
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


def test_a_lone_file_is_read_whole_or_refused(tmp_path):
    content = os.urandom(3 * 2**20)
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress(content))
    limits = Limits(total=len(content))
    assert read_file(tmp_path, "table.csv", again=AGAIN, limits=limits) == content
    with pytest.raises(ValueError, match=r"holds more than .* MiB once decompressed"):
        read_file(tmp_path, "table.csv", again=AGAIN, limits=Limits(total=len(content) - 1))


def test_a_member_that_claims_more_than_there_is_is_refused(tmp_path):
    header = tarfile.TarInfo("1.txt")
    header.size = 10**12
    path = tmp_path / "set.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(format=tarfile.GNU_FORMAT) + bytes(1024)))
    with pytest.raises(ValueError, match=r"set\.tar\.gz holds a piece of more .*Get it again"):
        read(path)
    with pytest.raises(ValueError, match=r"set\.tar\.gz is (damaged|cut short).*Get it again"):
        read(path, member=2 * 10**12)


def test_too_many_members_are_refused(tmp_path, pack):
    members = [(f"{number}.txt", "") for number in range(12)]
    path = pack(members)
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
def test_a_cut_download_is_named(pack, kept):
    path = pack([(f"{n}.txt", os.urandom(500)) for n in range(20)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match=r"is cut short: .* did not finish\. Get it"):
        read(path)


def test_a_tar_cut_before_it_was_packed_is_named(tmp_path):
    path = write_tar(tmp_path / "set.tar.gz", [("1.txt", "a" * 5000)])
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:3000]))
    with pytest.raises(ValueError, match=r"is (damaged|cut short).*Get it again"):
        read(path)


def test_damage_in_the_middle_is_not_taken_for_the_end(tmp_path):
    path = write_tar(tmp_path / "set.tar.gz", [("1.txt", "a"), ("2.txt", "b")])
    whole = path.read_bytes()
    tar = bytearray(gzip.decompress(whole))
    tar[1024:1034] = b"\xff" * 10  # the second header
    path.write_bytes(gzip.compress(bytes(tar)))
    with pytest.raises(ValueError, match=r"is damaged after '1\.txt'"):
        read(path)
    packed = bytearray(whole)
    packed[-6] ^= 1  # the checksum
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"is damaged .*CRC"):
        read(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", "is an HTML page, not an archive"),
        (b"\n<HTML><body>404</body></HTML>", "is an HTML page, not an archive"),
        (b"Rar!\x1a", r"is not a \.tar\.gz or \.zip archive \(it starts with b'Rar!"),
        (b"", r"is not a \.tar\.gz or \.zip archive \(it starts with b''\)"),
        # Without the time of day in it, which would name the test differently in every process.
        (gzip.compress(b"Time,Parameter,Value\n" * 99, mtime=0), "is damaged: not a readable tar"),
    ],
    ids=["html", "html after a line", "rar", "empty", "no tar inside"],
)
def test_what_is_no_archive_is_said_to_be_none(tmp_path, content, said):
    path = tmp_path / "set.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"set\.tar\.gz {said}.*Get it again"):
        read(path)


def test_a_huge_extended_header_is_refused(tmp_path):
    path = tmp_path / "set.tar.gz"
    info = tarfile.TarInfo("1.txt")
    info.pax_headers = {"comment": "x" * 2**20}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO())
    with pytest.raises(ValueError, match=r"a piece of more than 0\.25 MiB; refused\. Get it"):
        read(path)


def test_members_that_lie_on_top_of_each_other_are_refused(tmp_path):
    # A header for all that follow says that they hold a megabyte, where the next one begins.
    path, told = tmp_path / "set.tar.gz", {"size": "1048576"}
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, pax_headers=told) as archive:
        for name in ("1.txt", "2.txt", "3.txt"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + os.urandom(2**21)))
    with pytest.raises(ValueError, match=r"is damaged: its members lie on top of each other"):
        read(path)


def test_a_member_beyond_its_limit_is_refused(tmp_path):
    path = write_tar(tmp_path / "set.tar.gz", [("1.txt", "a" * 5000)])
    assert len(read(path, member=5000)) == 1
    with pytest.raises(ValueError, match=r"a piece of more than .* MiB; refused"):
        read(path, member=4999)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 300_000])
def test_a_zip_gives_back_what_was_packed(tmp_path, method, size):
    content = np.random.default_rng(size).bytes(size // 2) + bytes(size - size // 2)
    path = write_zip(tmp_path / "set.zip", [("set/", ""), ("set/1.txt", content)], method)
    assert read(path) == [("set/1.txt", content)]


def test_an_empty_zip_holds_nothing(tmp_path):
    assert read(write_zip(tmp_path / "set.zip", [])) == []


@pytest.mark.parametrize(
    ("mode", "name", "said"),
    [
        (0o120777, "set/1.txt", "a link"),
        (0o120777, "set/", "a link"),
        (0o010644, "set/1.txt", "not a plain file"),
        (0o040755, "1.txt", "not a plain file"),
    ],
)
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode, name, said):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    path = write_zip(tmp_path / "set.zip", [(info, "/etc/passwd")])
    with pytest.raises(ValueError, match=rf"member '{name}' is {said}; refused.*Get it again"):
        read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_cannot_be_bounded_or_read_are_refused(tmp_path, method):
    path = write_zip(tmp_path / "set.zip", [("1.txt", "x" * 100)], method)
    with pytest.raises(ValueError, match=r"neither stored nor deflated; refused.*Get it again"):
        read(path)
    path = write_zip(path, [("1.txt", "x")])
    path.write_bytes(with_field(path.read_bytes(), 8, 1, 2))
    with pytest.raises(ValueError, match=r"member '1\.txt' is encrypted; refused.*Get it again"):
        read(path)


def with_field(packed, offset, value, n_bytes):
    """A zip whose directory tells another value in its first entry."""
    at = packed.index(b"PK\x01\x02") + offset
    return packed[:at] + value.to_bytes(n_bytes, "little") + packed[at + n_bytes :]


def test_a_zip_that_declares_too_much_is_refused_before_it_is_opened(tmp_path):
    path = write_zip(tmp_path / "set.zip", [("notes", bytes(40 * 2**20))])
    assert path.stat().st_size < 50_000
    with pytest.raises(ValueError, match=r"more than 100-fold when decompressed; .* bomb"):
        read(path)
    with pytest.raises(ValueError, match=r"more than 2 MiB once decompressed; .* bomb"):
        read(path, total=2 * 2**20)
    with pytest.raises(ValueError, match=r"set\.zip is larger than .* MiB; refused"):
        read(path, total=2000)


@pytest.mark.parametrize("crc_of", [10, 11, 16 * 2**20])
def test_a_zip_that_declares_too_little_is_refused_unread(tmp_path, crc_of):
    path = write_zip(tmp_path / "set.zip", [("1.txt", bytes(16 * 2**20))])
    lying = with_field(path.read_bytes(), 24, 10, 4)
    path.write_bytes(with_field(lying, 16, zlib.crc32(bytes(crc_of)), 4))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"set\.zip is damaged in member '1\.txt'.*Get it"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_zip_that_declares_more_than_there_is_is_refused(tmp_path):
    path = write_zip(tmp_path / "set.zip", [("1.txt", "ten bytes.")])
    path.write_bytes(with_field(path.read_bytes(), 24, 11, 4))
    with pytest.raises(ValueError, match=r"'1\.txt': fewer than the 11 bytes that it declares"):
        read(path)


def test_a_zip_behind_other_bytes_is_refused(tmp_path):
    path = write_zip(tmp_path / "set.zip", [("1.txt", "hidden")])
    hidden = path.read_bytes()
    write_zip(path, [("2.txt", "seen")])
    path.write_bytes(hidden + path.read_bytes())
    with pytest.raises(ValueError, match=r"set\.zip is damaged at its start.*Get it again"):
        read(path)


def test_no_damaged_byte_of_a_zip_goes_unnamed(tmp_path):
    members = [("set/1.txt", "a" * 50), ("set/2.txt", np.random.default_rng(0).bytes(50))]
    path = write_zip(tmp_path / "set.zip", members)
    whole, expected = path.read_bytes(), read(path)
    refused = []
    for at in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            try:
                found = read(path)
            except ValueError as error:
                refused.append(str(error))
            else:  # a date, a version, a comment
                assert found == expected
    assert len(refused) > len(whole)
    assert all(words.endswith(AGAIN) for words in refused)
