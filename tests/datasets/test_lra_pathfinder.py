"""Pathfinder in the release's layout, with its defects, and made anew."""

import itertools
import math
from random import Random

import numpy as np
import pytest
from official_layout import all_columns

import ct_s5_datasets
from ct_s5_datasets.lra.pathfinder import FOLDERS, load
from ct_s5_datasets.lra.pathfinder_generator import draw, generate, main, style_of

Image = pytest.importorskip("PIL.Image")

TAIL = "1.0 14 4 2 0.5 1 1"


def save(folder, batch, at, level, side=32):
    path = folder / "imgs" / str(batch) / f"sample_{at}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((side, side), level, dtype=np.uint8)
    pixels[0, 1] = 255 - level
    Image.fromarray(pixels).save(path)
    return path


def row(batch, at, label):
    return f"imgs/{batch} sample_{at}.png {at} {label} {TAIL}"


@pytest.fixture
def release(tmp_path):
    """Batches 2 and 10, text in files that are called .npy, as the release has them."""
    folder = tmp_path / "pathfinder32" / "curv_contour_length_14"
    (folder / "metadata").mkdir(parents=True)
    for batch, level in ((10, 30), (2, 10)):
        lines = [row(batch, at, at % 2) for at in range(3)]
        (folder / "metadata" / f"{batch}.npy").write_text("\n".join(lines) + "\n")
        for at in range(3):
            save(folder, batch, at, level + at)
    return folder


def test_order_labels_pixels_and_splits(release, tmp_path):
    data = load(tmp_path)
    assert list(data.schema) == all_columns(data, [0])
    assert data.images.dtype == np.uint8
    assert data.images[:, 5, 5].tolist() == [10, 11, 12, 30, 31, 32]  # by number: 2 before 10
    assert data.images[0, 0, :3].tolist() == [10, 245, 10]
    assert data.labels.tolist() == [0, 1, 0, 0, 1, 0]
    in_order = {part: ids.tolist() for part, ids in data.splits["in-order"].items()}
    assert in_order == {"train": [0, 1, 2, 3], "validation": [4], "test": [5]}
    assert "seeded-0" in data.splits
    assert "dots on one path: 2" in data.card
    assert repr(data).startswith("ImageSet(6 series, 32 x 32 pixels, splits in-order")


@pytest.mark.parametrize("up", [0, 1, 2])
@pytest.mark.parametrize("above", ["", "lra_release", "lra_release/lra_release"])
def test_every_known_layout(release, tmp_path, above, up):
    root = tmp_path / "elsewhere"
    (root / above).mkdir(parents=True)
    (tmp_path / "pathfinder32").rename(root / above / "pathfinder32")
    inside = root / above / "pathfinder32" / "curv_contour_length_14"
    for start in (root, [inside, inside.parent, inside.parent.parent][up]):
        assert len(load(start)) == 6


def test_frame_and_pixels_of_chosen_images(release):
    data = load(release)
    frame = data.frame([4, 0])
    assert frame["unique_id"].tolist() == [0] * 1024 + [4] * 1024
    assert frame["ds"].dt.total_seconds().tolist() == [*range(1024)] * 2
    assert frame["pixel"][:3].tolist() == [10 / 255, 245 / 255, 10 / 255]
    assert frame["pixel"][1024] == 31 / 255
    assert data.pixels([4, 0])[:, 0].tolist() == [31, 10]
    with pytest.raises(ValueError, match="No series 6"):
        data.pixels([6])


def test_large_sets_are_mapped_and_made_once(release, tmp_path):
    store = tmp_path / "store"
    data, expected = load(release, store=store), load(release)
    assert isinstance(data.images, np.memmap)
    assert (data.images == expected.images).all()
    (kept,) = store.glob("*.npy")
    before = kept.stat().st_mtime_ns
    load(release, store=store)
    assert kept.stat().st_mtime_ns == before
    save(release, 2, 1, 99).touch()
    assert load(release, store=store).images[1, 5, 5] == 99
    assert len(list(store.glob("*.npy"))) == 2


def test_sets_beyond_the_limit_go_to_the_users_cache(release, tmp_path, monkeypatch):
    monkeypatch.setenv("CT_S5_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ct_s5_datasets.lra.pathfinder._IN_MEMORY", 5000)
    assert isinstance(load(release).images, np.memmap)
    assert len(list((tmp_path / "cache" / "images").glob("*.npy"))) == 1


def test_metadata_may_be_true_arrays(release):
    table = np.array([row(2, at, 1 - at % 2).split() for at in range(3)])
    np.save(release / "metadata" / "2.npy", table)
    assert load(release).labels.tolist() == [1, 0, 1, 0, 1, 0]
    np.save(release / "metadata" / "2.npy", table.astype(object))
    with pytest.raises(ValueError, match=r"2.npy is damaged or holds Python objects"):
        load(release)
    np.save(release / "metadata" / "2.npy", np.ones((3, 11)))
    with pytest.raises(ValueError, match=r"holds no table of texts but float64 \(3, 11\)"):
        load(release)


def test_the_empty_image_is_left_out_aloud(release):
    (release / "imgs" / "2" / "sample_1.png").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"1 empty image file\(s\) left out, the first .*sample_1"):
        data = load(release)
    assert data.images[:, 5, 5].tolist() == [10, 12, 30, 31, 32]
    assert data.labels.tolist() == [0, 0, 0, 1, 0]
    assert "empty image files left out: 1\n" in data.card


@pytest.mark.parametrize("line", ["imgs/2 sample_0.png 0 2 " + TAIL, "imgs/2 sample_0.png 0 1", ""])
def test_a_damaged_line_is_named(release, line):
    path = release / "metadata" / "2.npy"
    path.write_text(f"{row(2, 0, 1)}\n{line}\n{row(2, 1, 1)}\n")
    with pytest.raises(
        ValueError, match=r"2.npy, line 2: .* is not folder, file, number and label"
    ):
        load(release)


@pytest.mark.parametrize("name", ["../../secret.png", "/etc/secret.png", "C:/secret.png"])
def test_a_name_cannot_leave_the_folder(release, name):
    (release / "metadata" / "2.npy").write_text(f"{name} sample_0.png 0 1 {TAIL}\n")
    with pytest.raises(ValueError, match=r"2.npy, line 1"):
        load(release)


def test_what_cannot_be_read_says_what_to_do(release, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"metadata is neither in .*curv_baseline"):
        load(tmp_path, difficulty="easy")
    with pytest.raises(ValueError, match=r"side=33, difficulty='hard': sides are 32, 64, 128, 256"):
        load(tmp_path, side=33)
    path = release / "imgs" / "10" / "sample_2.png"
    content = path.read_bytes()
    path.write_bytes(content[:-30])
    with pytest.raises(ValueError, match=r"sample_2.png is damaged, not a readable png"):
        load(tmp_path)
    path.write_bytes(b"<html>not here</html>")
    with pytest.raises(ValueError, match=r"sample_2.png is damaged, not a readable png"):
        load(tmp_path)
    save(release, 10, 2, 5, side=16)
    with pytest.raises(ValueError, match=r"sample_2.png has 16 x 16 pixels, not 32 x 32"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"The metadata name .*sample_2.png, which is absent"
    ):
        load(tmp_path)
    for file in (release / "metadata").iterdir():
        file.unlink()
    with pytest.raises(FileNotFoundError, match=r"No metadata/<number>.npy"):
        load(tmp_path)


@pytest.mark.parametrize("side", [32, 64, 128, 256])
def test_what_is_drawn_is_what_the_label_says(side):
    style = style_of(side)
    for number in range(4):
        pixels, label, scene = draw(style, Random(f"{side} {number}"))
        assert pixels.shape == (side, side)
        assert pixels.max() == 255
        chosen = [
            (path, end)
            for path, dashes in enumerate(scene.paths)
            for end, centre in enumerate((dashes[0].tail, dashes[-1].head))
            if _is_dot(pixels, centre, 0.6 * style.dot)
        ]
        assert len(chosen) == 2
        assert (chosen[0][0] == chosen[1][0]) == bool(label)
        assert {end for _, end in chosen} == {0, 1}
        for dashes in scene.paths:
            assert len(dashes) == style.path
            for one, two in itertools.pairwise(dashes):
                assert math.dist(one.tail, one.head) == pytest.approx(style.dash)
                turn = math.remainder(two.angle - one.angle, math.tau)
                assert abs(turn) <= 1.05 * math.pi / 2 / style.continuity
                assert math.dist(one.head, two.tail) <= 2 * scene.margin + 1e-9
        _no_two_touch(scene)


def _is_dot(pixels, centre, radius):
    """Whether the image is bright on the whole of a small circle about this point."""
    angles = np.linspace(0, math.tau, 16)
    x = (centre[0] + radius * np.cos(angles)).astype(int)
    y = (centre[1] + radius * np.sin(angles)).astype(int)
    inside = (x >= 0) & (x < len(pixels)) & (y >= 0) & (y < len(pixels))
    return pixels[y[inside], x[inside]].min() > 105


def _no_two_touch(scene):
    dashes = [*scene.paths[0], *scene.paths[1], *scene.short]
    points = np.array([[np.linspace(d.tail[i], d.head[i], 9) for i in (0, 1)] for d in dashes])
    gaps = points[:, None, :, :, None] - points[None, :, :, None, :]
    nearest = np.sqrt((gaps**2).sum(2)).min((2, 3)) + 99 * np.eye(len(dashes))
    assert nearest.min() > 0.7 * scene.margin


@pytest.mark.slow
def test_simple_statistics_do_not_tell_the_label():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    drawn = [draw(style_of(32), Random(f"leak {number}")) for number in range(500)]
    pixels = np.array([image for image, _, _ in drawn], dtype=float)
    labels = np.array([label for _, label, _ in drawn])
    assert abs(labels.mean() - 0.5) < 0.07
    flat = pixels.reshape(len(pixels), -1)
    histograms = np.array([np.histogram(image, 16, (0, 256))[0] for image in flat])
    sums = [flat.sum(1), (flat**2).sum(1), (flat > 127).sum(1)]
    features = np.column_stack([*sums, histograms, pixels.sum(1), pixels.sum(2)])
    for columns in (slice(0, 3), slice(3, 19), slice(0, None)):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
        score = cross_val_score(model, features[:, columns], labels, cv=5).mean()
        assert 0.43 < score < 0.57  # three standard deviations are 6 %


@pytest.mark.slow
def test_the_bytes_depend_on_the_seed_alone(tmp_path):
    roots = {
        "one": generate(tmp_path / "one", n_images=70, seed=3, processes=1),
        "two": generate(tmp_path / "two", n_images=70, seed=3, processes=2),
        "other": generate(tmp_path / "other", n_images=5, seed=4),
    }
    contents = {
        name: {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*")}
        for name, root in roots.items()
    }
    assert contents["one"] == contents["two"]
    assert len(contents["one"]) == 72  # images, one table, and what says they were made here
    shared = set(contents["other"]) & set(contents["one"])
    assert all(contents["other"][path] != contents["one"][path] for path in shared)
    data = load(tmp_path / "one")
    assert len(data) == 70
    first = draw(style_of(32), Random("ct_s5 pathfinder 3 32 hard 0"))
    assert (data.images[0] == first[0]).all()
    assert data.labels[0] == first[1]
    line = (roots["one"] / FOLDERS["hard"] / "metadata" / "0.npy").read_text().splitlines()[0]
    assert line == f"imgs/0 sample_0.png 0 {first[1]} {TAIL}"


def test_several_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("ct_s5_datasets.lra.pathfinder_generator._IN_A_BATCH", 4)
    root = generate(tmp_path, n_images=9, difficulty="intermediate")
    assert len(load(root, difficulty="intermediate")) == 9
    assert (root / "curv_contour_length_9" / "GENERATED.txt").is_file()
    metadata = root / "curv_contour_length_9" / "metadata"
    assert [len((metadata / f"{n}.npy").read_text().splitlines()) for n in range(3)] == [4, 4, 1]


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, monkeypatch):
    (tmp_path / "pathfinder64" / "curv_contour_length_14").mkdir(parents=True)
    with pytest.raises(FileExistsError, match=r"curv_contour_length_14 is there already"):
        generate(tmp_path, side=64)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ct_s5_datasets.lra.pathfinder_generator._draw_dot", interrupt)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, n_images=3)
    assert list((tmp_path / "pathfinder32").iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"side": 16}, "side=16"),
        ({"difficulty": "harder"}, "difficulties easy, intermediate, hard"),
        ({"seed": -1}, "seed=-1"),
        ({"n_images": 0}, "n_images=0"),
    ],
)
def test_numbers_out_of_range(tmp_path, wrong, told):
    with pytest.raises(ValueError, match=told):
        generate(tmp_path, **wrong)


def test_images_of_another_difficulty_are_refused_by_the_name_of_their_folder(tmp_path):
    generate(tmp_path, difficulty="easy", n_images=3)
    inside = tmp_path / "pathfinder32" / "curv_baseline"
    assert len(load(inside, difficulty="easy")) == 3
    told = r"curv_baseline holds the images of difficulty 'easy', not 'hard'.*difficulty='easy'"
    with pytest.raises(ValueError, match=told):
        ct_s5_datasets.load("lra/pathfinder@s5", root=inside)


def test_images_of_another_difficulty_are_refused_by_their_lines(release, tmp_path):
    (tmp_path / "mine").mkdir()
    release.rename(tmp_path / "mine" / "set")
    root = tmp_path / "mine" / "set"
    assert len(load(root)) == 6
    for difficulty in ("easy", "intermediate"):
        with pytest.raises(ValueError, match=r"2\.npy, line 1: .* 14 dashes, as in 'hard'"):
            load(root, difficulty=difficulty)
    path = root / "metadata" / "10.npy"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace(" 14 ", " 9 "), lines[2]]))
    with pytest.raises(ValueError, match=r"10\.npy, line 2: .* 9 dashes, as in 'inter"):
        load(root)


def test_part_of_the_release_is_not_exact(release, monkeypatch):
    with pytest.warns(UserWarning, match=r"6 images, the release 200,000.*such files"):
        part = ct_s5_datasets.load("lra/pathfinder@s5", root=release)
    assert part.protocol.status == part.manifest()["status"] == "rebuilt"
    assert "lists 6 images, the release 200,000. Images made" in part.protocol.differs
    assert ct_s5_datasets.protocol("lra/pathfinder@s5").status == "exact"
    assert len(load(release)) == 6  # without a protocol it is nobody's business
    monkeypatch.setattr("ct_s5_datasets.lra.pathfinder._RELEASED", 6)
    whole = ct_s5_datasets.load("lra/pathfinder@s5", root=release)
    assert whole.protocol.status == "exact"
    assert whole.manifest_hash != part.manifest_hash


def test_made_images_are_not_the_published_ones(tmp_path, release, monkeypatch):
    monkeypatch.setattr("ct_s5_datasets.lra.pathfinder._RELEASED", 6)
    generate(tmp_path / "made", n_images=10)
    made = ct_s5_datasets.load("lra/pathfinder@s5", root=tmp_path / "made")
    assert made.protocol.status == made.manifest()["status"] == "rebuilt"
    assert made.protocol.differs.startswith("The files are not the provider's")
    given = ct_s5_datasets.load("lra/pathfinder@s5", root=release)
    assert given.protocol.status == given.manifest()["status"] == "exact"


def test_the_command_says_what_is_wrong_in_a_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for words, told in (
        (["--images", "0"], "n_images=0: a seed is 0 or above"),
        ([], "Not a directory"),
    ):
        monkeypatch.setattr("sys.argv", ["", str(tmp_path / "file"), "--processes", "1", *words])
        with pytest.raises(SystemExit, match=told):
            main()
