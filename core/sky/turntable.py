"""Turn-tables of stars around the Sun as GIF or MP4, drawn without a browser.

Frames are drawn with NumPy (stars, from back to front) and Pillow (axes, words), the film is encoded by Pillow (GIF) or
the ffmpeg that imageio-ffmpeg brings along (MP4).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.atomic import atomic_path
from core.errors import UsageError

SUFFIXES = (".gif", ".mp4")
FRAMES_PER_S = 20
_SIZE = 640
_TILT_DEG = 25.0
_BACKGROUND, _INK, _AXIS = (16, 20, 28), (225, 230, 238), (110, 122, 140)
_SHOWN_SHARE = 0.98
_AXES = ("to the Galactic centre", "along rotation", "north")


@dataclass(frozen=True)
class FilmStars:
    """What to draw: places (n, 3) in pc, colours (n, 3) from 0 to 255, and the words above the picture."""

    position_pc: np.ndarray
    colour: np.ndarray
    title: str


def write_turntable(
    stars: FilmStars, out: Path, n_frames: int = 120, progress: Callable[[int, int], object] | None = None
) -> None:
    """Write one full turn about the axis to the Galactic north pole.

    Parameters
    ----------
    stars : FilmStars
        No stars at all give a turning frame of axes.
    out : path that ends in .gif or .mp4
    n_frames : int
    progress : function of (frames done, frames asked for) or None

    Raises
    ------
    UsageError
        Another suffix, or fewer than 2 frames.
    """
    check_request(out, n_frames)

    def counted() -> Iterator[Image.Image]:
        for number, frame in enumerate(draw_frames(stars, n_frames), start=1):
            yield frame
            if progress is not None:
                progress(number, n_frames)

    with atomic_path(out) as beside:
        (_write_gif if out.suffix.lower() == ".gif" else _write_mp4)(counted(), beside)


def check_request(out: Path, n_frames: int) -> None:
    """Raise UsageError for a film that cannot be made."""
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"the output {out} ends in {out.suffix or 'nothing'!r}: give a name that ends in .gif or .mp4")
    if n_frames < 2:
        raise UsageError(f"{n_frames} frames make no film; ask for at least 2")


def draw_frames(stars: FilmStars, n_frames: int) -> Iterator[Image.Image]:
    """The pictures of one turn, RGB, 640 x 640 pixels."""
    usable = np.isfinite(stars.position_pc).all(axis=1)
    position, colour = stars.position_pc[usable], stars.colour[usable].astype(np.uint8)
    # A few very far stars would shrink all others to a point: they leave the picture instead.
    radius = np.linalg.norm(position, axis=1)
    reach = _round_length(float(np.quantile(radius, _SHOWN_SHARE)) if len(radius) else 1000.0)
    shown = radius <= reach
    position, colour = position[shown], colour[shown]
    hidden = int(len(radius) - shown.sum()) + int((~usable).sum())
    words = stars.title if not hidden else f"{stars.title} ({hidden:,} not shown: farther away or without a place)"
    font = ImageFont.load_default(13)
    for number in range(n_frames):
        turn = _rotation(360.0 * number / n_frames)
        yield _draw(position @ turn.T, colour, turn, reach, words, font)


def _draw(seen: np.ndarray, colour: np.ndarray, turn: np.ndarray, reach: float, words: str, font) -> Image.Image:
    """`seen` has x to the right, y away from the viewer, z up."""
    scale = 0.44 * _SIZE / reach
    canvas = np.empty((_SIZE, _SIZE, 3), dtype=np.uint8)
    canvas[:] = _BACKGROUND
    picture = Image.fromarray(canvas)
    _draw_axes(ImageDraw.Draw(picture), turn, reach, scale, font)
    canvas = np.array(picture)
    order = np.argsort(-seen[:, 1])  # far ones first
    column = np.rint(_SIZE / 2 + scale * seen[order, 0]).astype(int)
    row = np.rint(_SIZE / 2 - scale * seen[order, 2]).astype(int)
    nearness = 0.5 - 0.5 * np.clip(seen[order, 1] / reach, -1.0, 1.0)
    shade = np.array(_BACKGROUND) + (colour[order].astype(float) - _BACKGROUND) * (0.45 + 0.55 * nearness[:, None])
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        canvas[np.clip(row + down, 0, _SIZE - 1), np.clip(column + right, 0, _SIZE - 1)] = shade.astype(np.uint8)
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    draw.text((10, 8), words, fill=_INK, font=font)
    draw.text((10, _SIZE - 24), f"Axes: {reach:,.0f} pc from the Sun", fill=_INK, font=font)
    return picture


def _draw_axes(draw: ImageDraw.ImageDraw, turn: np.ndarray, reach: float, scale: float, font) -> None:
    angle = np.deg2rad(np.arange(0, 361, 5))
    circle = reach * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1) @ turn.T
    draw.line([_pixel(point, scale) for point in circle], fill=tuple(value // 2 for value in _AXIS), width=1)
    for axis, name in enumerate(_AXES):
        end = turn[:, axis] * reach * (0.5 if axis == 2 else 1.0)
        draw.line([_pixel(np.zeros(3), scale), _pixel(end, scale)], fill=_AXIS, width=1)
        x, y = _pixel(end * 1.02, scale)
        width = draw.textlength(name, font=font)
        draw.text((min(max(x - width / 2, 2), _SIZE - width - 2), y - 16), name, fill=_INK, font=font)


def _pixel(point: np.ndarray, scale: float) -> tuple[float, float]:
    return _SIZE / 2 + scale * float(point[0]), _SIZE / 2 - scale * float(point[2])


def _rotation(turn_deg: float) -> np.ndarray:
    """Turn about the north pole, then tilt towards the viewer."""
    turn, tilt = np.deg2rad(turn_deg), np.deg2rad(_TILT_DEG)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return about_x @ about_z


def _round_length(length_pc: float) -> float:
    """The next larger of 1, 1.5, 2, 3, 5, 7 times a power of ten."""
    length_pc = max(length_pc, 1e-3)
    power = 10.0 ** np.floor(np.log10(length_pc))
    return float(next((s * power for s in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if s * power >= length_pc), 10.0 * power))


def _write_gif(frames: Iterator[Image.Image], path: Path) -> None:
    first = next(frames)
    palette = first.quantize(colors=128, dither=Image.Dither.NONE)
    reduced = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    palette.save(path, save_all=True, append_images=reduced, duration=1000 // FRAMES_PER_S, loop=0, optimize=False)


def _write_mp4(frames: Iterator[Image.Image], path: Path) -> None:
    import imageio_ffmpeg

    writer = imageio_ffmpeg.write_frames(str(path), (_SIZE, _SIZE), fps=FRAMES_PER_S, macro_block_size=2)
    writer.send(None)  # starts ffmpeg
    try:
        for frame in frames:
            writer.send(frame.tobytes())
    finally:
        writer.close()
