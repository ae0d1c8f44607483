"""The density, or another field, over time as a moving picture: curves on a line, colours in the plane, mid-planes in space."""

import io
import shutil

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FFMpegWriter
from PIL import Image

from otto_pictures import (AXES, BLUE, GREY, STYLE, axis_name, choose_frames, draw_external, draw_plane, field_colours, field_name,
                           frame_label, is_signed, make_norm, shade_external)
from otto_results import ResultsError

RATE = 12  # frames per second


def _curve(run, fields, scale, field):
    """The figure, and what shows one of the fields in it."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8))
    order = np.argsort(run.grid.centers[:, 0])
    x = run.grid.centers[order, 0]
    line, = axes.plot(x, fields[0][order], color=BLUE)
    low, high = min(float(f.min()) for f in fields), max(float(f.max()) for f in fields)
    room = 0.04 * (high - low or 1.0)
    if scale == "log":
        axes.set_yscale("log")
        axes.set_ylim(max(low, 1e-6 * high), 1.5 * high)
    else:
        axes.set_ylim(0 if low >= 0 else low - room, high + room)
    if is_signed(fields):
        axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set(xlabel=axis_name(run, 0), ylabel=field_name(run, field), xlim=(run.grid.edges[0][0], run.grid.edges[0][-1]))
    external = run.field(0, "external_energy")
    if external is not None and field == "density":
        shade_external(axes, run, x, external[order])
    return figure, axes, lambda values: line.set_ydata(values[order])


def _plane(run, fields, scale, field):
    low, high = run.grid.vertices[:, :, :2].min((0, 1)), run.grid.vertices[:, :, :2].max((0, 1))
    aspect = (high[1] - low[1]) / (high[0] - low[0])
    norm, extend = make_norm(fields, scale, field)
    figure, axes = plt.subplots(figsize=(5.6, min(max(4.4 * aspect, 1.5), 9) + 0.7))
    image = draw_plane(axes, run.grid, np.maximum(fields[0], norm.vmin), norm, field_colours(norm, field))
    draw_external(axes, run)
    axes.set(xlabel=axis_name(run, 0), ylabel=axis_name(run, 1))
    figure.colorbar(image, ax=axes, label=field_name(run, field), extend=extend, shrink=0.9)

    def show(values):
        shown = np.maximum(values, norm.vmin)
        image.set_array(run.grid.as_array(shown).T.ravel() if run.grid.edges is not None else shown)

    return figure, axes, show


def _mid_planes(run, fields, scale, field):
    grid = run.grid
    norm, extend = make_norm(fields, scale, field)
    figure, panels = plt.subplots(1, 3, figsize=(10.2, 3.6))
    images, middle = [], [len(e[:-1]) // 2 for e in grid.edges]

    def planes(values):
        array = np.maximum(grid.as_array(values), norm.vmin)
        return [np.take(array, middle[normal], axis=normal).T for normal in (2, 1, 0)]

    for axes, normal, plane in zip(panels, (2, 1, 0), planes(fields[0])):
        first, second = [a for a in range(3) if a != normal]
        images.append(axes.pcolormesh(grid.edges[first], grid.edges[second], plane, norm=norm, cmap=field_colours(norm, field),
                                      rasterized=True))
        axes.set_aspect("equal")
        axes.set(xlabel=axis_name(run, first), ylabel=axis_name(run, second))
        axes.text(0.03, 0.94, f"{AXES[normal]} ≈ {grid.edges[normal][middle[normal]]:.2g}", color="white", transform=axes.transAxes, va="top",
                  fontsize=8)
    figure.colorbar(images[0], ax=panels, label=field_name(run, field), extend=extend, shrink=0.9, pad=0.015)

    def show(values):
        for image, plane in zip(images, planes(values)):
            image.set_array(plane.ravel())

    return figure, panels[1], show


def _write_gif(path, figure, update, count):
    """Each frame with the 256 colours it needs most, so that scales stay smooth."""
    images = []
    for k in range(count):
        update(k)
        data = io.BytesIO()
        figure.savefig(data, format="png", dpi=100)
        images.append(Image.open(data).convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))
    durations = [1000 // RATE] * (count - 1) + [1000]  # milliseconds
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations, loop=0)


def _write_mp4(path, figure, update, count):
    writer = FFMpegWriter(fps=RATE, extra_args=["-pix_fmt", "yuv420p"])
    with writer.saving(figure, path, dpi=100):
        for k in list(range(count)) + [count - 1] * RATE:
            update(k)
            writer.grab_frame()


def animate(run, path, scale, count, title, field="density"):
    """Writes `path`, a .gif or (by ffmpeg) a .mp4, of up to `count` times; the last one stands for a second."""
    if path.endswith(".mp4") and not shutil.which("ffmpeg"):
        raise ResultsError("a .mp4 is made by ffmpeg, which is not installed (Debian: ffmpeg); take --animate gif")
    if not run.changes(field) or len(run.times) < 2:
        raise ResultsError(f"{run.folder}: {field} has one time only, and nothing moves; a smaller output.every writes more")
    if run.grid.dimension == 3 and run.grid.edges is None:
        raise ResultsError(f"{run.folder}: cells of a mesh in space are drawn as pictures only, not as an animation")
    chosen = choose_frames(run, count, field)
    fields = [run.field(i, field) for i in chosen]
    with plt.rc_context(STYLE):
        draw = {1: _curve, 2: _plane, 3: _mid_planes}[run.grid.dimension]
        figure, axes, show = draw(run, fields, scale, field)
        if title:
            figure.suptitle(title, fontsize=12)

        def update(k):
            show(fields[k])
            axes.set_title(frame_label(run, chosen[k], field))

        write = _write_mp4 if path.endswith(".mp4") else _write_gif
        write(path, figure, update, len(chosen))
        plt.close(figure)
