"""Small sets in the layout of PhysioNet 2012, written by the tests themselves."""

import gzip
import io
import pathlib
import tarfile
import warnings
import zipfile

HEADER = "Time,Parameter,Value"


def record(record_id, *lines, **changed):
    """The text of one record: the six descriptors, then the given lines."""
    known = {"RecordID": record_id, "Age": 60, "Gender": 1, "Height": 170, "ICUType": 3}
    known |= {"Weight": 80} | changed
    descriptors = [f"00:00,{name},{value}" for name, value in known.items()]
    return "\n".join([HEADER, *descriptors, *lines]) + "\n"


def outcomes(deaths):
    """The text of an outcomes file from {id: 0 or 1}."""
    rows = [f"{record_id},6,1,5,-1,{death}" for record_id, death in deaths.items()]
    header = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"
    return "\n".join([header, *rows]) + "\n"


def write_tar(path: pathlib.Path, members):
    """Pack (name or TarInfo, text) pairs as .tar.gz, in that order, whatever the names."""
    with tarfile.open(path, "w:gz") as archive:
        for member, text in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            data = text.encode() if isinstance(text, str) else text
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: pathlib.Path, members, method=zipfile.ZIP_DEFLATED):
    """Pack (name or ZipInfo, text) pairs as .zip, in that order, whatever the names."""
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate name")
        for member, text in members:
            archive.writestr(member, text, method)
    return path


def write_set(root, texts, part="a", deaths=None, form="tar", prefix="set-a/"):
    """Write {id: text} as one part of the challenge, packed or as a folder."""
    if form == "tar":
        members = [(f"{prefix}{record_id}.txt", text) for record_id, text in texts.items()]
        write_tar(root / f"set-{part}.tar.gz", members)
    else:
        folder = root / f"set-{part}"
        folder.mkdir()
        for record_id, text in texts.items():
            (folder / f"{record_id}.txt").write_text(text, newline="")
    deaths = dict.fromkeys(texts, 0) if deaths is None else deaths
    (root / f"Outcomes-{part}.txt").write_text(outcomes(deaths))
    return root


def gzip_of_zeros(path, n_bytes):
    """Write a small file that decompresses to many zeros."""
    with gzip.open(path, "wb") as stream:
        for _ in range(n_bytes // 2**20):
            stream.write(bytes(2**20))
    return path


def all_columns(data, ids):
    """The columns that a set's schema tells of: of its frame, its label and its static table."""
    static = [] if data.static is None else list(data.static)
    label = [] if data.labels is None else [data.labels.name]
    return [*data.frame(ids), *label, *static]
