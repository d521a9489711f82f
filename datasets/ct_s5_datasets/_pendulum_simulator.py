"""Pendulums filmed from a seed: the motion, the drawing, and the noise over the frames.

The order of the random draws is part of the data: see `datasets/cards/pendulum.md`.
"""

import numpy as np

FRAMES = 100
SIDE = 24

_SUBSTEP = 1e-4  # seconds
_PULL = 9.81 / (1 / 3)  # gravity * length * mass / inertia, with mass 1 kg and length 1 m
_FRICTION = 0.1
_FIRST_CLEAN = 5
_CANVAS = 128
_ROD = 55


def simulate_angles(
    draws: np.random.RandomState, n_series: int, frame_seconds: float
) -> tuple[np.ndarray, np.ndarray]:
    """Let pendulums go at a random angle and look at them 100 times.

    Args:
        draws: Where the chance comes from; it is moved on.
        n_series: How many pendulums.
        frame_seconds: Time between two frames.

    Returns:
        The true angles, (series, frames) in radians from hanging, and the angles as the camera
        sees them, off by 1e-5.

    """
    angle = draws.uniform(0, 2 * np.pi, n_series)  # from standing upright
    speed = np.zeros(n_series)
    angles = [angle]
    for _ in range(FRAMES - 1):
        for _ in range(round(frame_seconds / _SUBSTEP)):
            speed = speed + _SUBSTEP * (_PULL * np.sin(angle) - _FRICTION * speed)
            angle = angle + _SUBSTEP * speed
        speed = speed + draws.normal(0, 0.1, n_series)
        angle = angle % (2 * np.pi)
        angles.append(angle)
    true = np.stack(angles, axis=1) - np.pi
    # The camera errs about the speed too: nobody uses that, but the random stream moves on.
    seen = true + draws.normal(0, 1e-5, (n_series, FRAMES, 2))[..., 0]
    return true, seen


def draw_pendulums(angles: np.ndarray) -> np.ndarray:
    """Draw a rod at each angle: uint8 images, the shape of `angles` followed by (24, 24).

    Pillow draws wide lines between whole pixels, so a few hundred rods are all there are: each is
    drawn once.

    Raises:
        ImportError: Pillow is not installed.

    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise ImportError(
            "The pendulum's frames are drawn by Pillow. Install it: pip install pillow."
        ) from error
    middle = _CANVAS // 2
    ends = np.stack([middle + _ROD * np.sin(angles), middle + _ROD * np.cos(angles)], axis=-1)
    distinct, which = np.unique(ends.astype(np.int64).reshape(-1, 2), axis=0, return_inverse=True)
    rods = np.empty((len(distinct), SIDE, SIDE), dtype=np.uint8)
    for rod, (x, y) in zip(rods, distinct.tolist(), strict=True):
        canvas = Image.new("F", (_CANVAS, _CANVAS), 0.0)
        ImageDraw.Draw(canvas).line([middle, middle, x, y], fill=1.0, width=8)
        small = np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
        rod[...] = np.clip(small, 0, 1) * 255
    return rods[which].reshape(*angles.shape, SIDE, SIDE)


def clean_shares(draws: np.random.RandomState, n_series: int) -> np.ndarray:
    """How much of each frame is picture, the rest noise: (series, frames), 1 for the first five.

    A random walk within [0, 1], stretched so that it spends a while at either end.
    """
    walk = [draws.uniform(0, 1, n_series)]
    for _ in range(FRAMES - 1):
        walk.append(np.clip(walk[-1] + draws.uniform(-0.2, 0.2, n_series), 0, 1))
    low = draws.uniform(0, 0.25, (n_series, 1))
    high = draws.uniform(0.75, 1, (n_series, 1))
    shares = np.clip((np.stack(walk, axis=1) - low) / (high - low), 0, 1)
    shares[:, :_FIRST_CLEAN] = 1
    return shares


def add_noise(
    draws: np.random.RandomState, images: np.ndarray, shares: np.ndarray, kept: np.ndarray
) -> np.ndarray:
    """Mix noise into the kept frames; the noise of the others is drawn too, and dropped.

    Args:
        draws: Where the chance comes from; it is moved on.
        images: uint8, (series, kept frames, 24, 24).
        shares: What `clean_shares` gave, (series, frames).
        kept: Numbers of the kept frames, (series, kept frames).

    """
    noisy = np.empty_like(images)
    for row, picture, share, frames in zip(noisy, images, shares, kept, strict=True):
        noise = draws.uniform(0, 255, (FRAMES, SIDE, SIDE))[frames]
        clean = share[frames, None, None]
        row[...] = clean * picture + (1 - clean) * noise
    return noisy


def seen_frames(draws: np.random.RandomState, n_series: int) -> np.ndarray:
    """Which frames the interpolation task shows: half at random, the first five for sure."""
    seen = draws.uniform(size=(n_series, FRAMES)) > 0.5
    seen[:, :_FIRST_CLEAN] = True
    return seen


def kept_frames(n_series: int, first_seed: int) -> np.ndarray:
    """50 of the 100 frames of each series, sorted; series k follows the seed first_seed + k."""
    seeds = range(first_seed, first_seed + n_series)
    chosen = [np.random.default_rng(seed).choice(FRAMES, 50, replace=False) for seed in seeds]
    return np.sort(np.stack(chosen), axis=1)
