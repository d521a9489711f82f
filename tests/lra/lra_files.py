"""Files of the three tasks that have no generator, in their providers' layout and of no meaning."""

import numpy as np

LETTERS = np.array(list("abcdefgh .,"))


def text_files(folder, n=40):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for at in range(n):
            path = folder / "aclImdb" / part / ("pos" if at % 2 else "neg") / f"{at}_5.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(rng.choice(LETTERS, rng.integers(20, 90))))
    return folder


def retrieval_files(folder, n=24):
    rng = np.random.default_rng(0)
    for part in ("train", "eval", "test"):
        lines = []
        for at in range(n):
            texts = ["".join(rng.choice(LETTERS, rng.integers(20, 90))) for _ in range(2)]
            lines.append("\t".join([f"{at % 2}.0", "a", "b", *texts]))
        path = folder / "tsv_data" / f"new_aan_pairs.{part}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    return folder


def image_files(folder, n=10):
    rng = np.random.default_rng(0)
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        table = rng.integers(256, size=(n, 1 + 3 * 32 * 32), dtype=np.uint8)
        table[:, 0] = np.arange(n) % 10
        (folder / f"{name}.bin").write_bytes(table.tobytes())
    return folder
