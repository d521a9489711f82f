"""Files are whole or not there, and stay what they were."""

import pytest

from ct_s5._files import write_atomically


def test_a_file_keeps_its_permissions_and_a_link_leads_where_it_led(tmp_path):
    there = tmp_path / "real" / "ward.state"
    assert write_atomically(there, b"one") == there
    there.chmod(0o600)
    link = tmp_path / "link.state"
    link.symlink_to(there)
    assert write_atomically(link, b"two") == link
    assert link.is_symlink()
    assert there.read_bytes() == b"two"
    assert there.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in there.parent.iterdir()] == ["ward.state"]


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
