"""Densities over time as pictures for a page: PNG images without axes, one scale for all, and its legend."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection
from otto_pictures import choose_frames, make_norm

PIXELS = 520  # of the longer side


def _data(png):
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _figure(grid, values, norm, colours):
    """A picture of one field in the plane."""
    low, high = grid.vertices[:, :, :2].min((0, 1)), grid.vertices[:, :, :2].max((0, 1))
    span = high - low
    size = PIXELS / 100 * span / span.max()
    figure = plt.figure(figsize=np.maximum(size, 0.6), dpi=100)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set_axis_off()
    if grid.edges is not None:
        axes.pcolormesh(grid.edges[0], grid.edges[1], grid.as_array(values).T, norm=norm, cmap=colours)
    else:
        axes.add_collection(PolyCollection(grid.vertices[:, :, :2], array=values, norm=norm, cmap=colours, edgecolors="face",
                                           linewidths=0.2))
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return figure


def _slices(grid, values, norm, colours):
    """Mid-planes across each axis of a box in space."""
    array = grid.as_array(values)
    figure, all_axes = plt.subplots(1, 3, figsize=(PIXELS / 60, PIXELS / 180), dpi=100)
    figure.subplots_adjust(0, 0, 1, 1, wspace=0.02)
    for axis, axes in enumerate(all_axes):
        plane = np.take(array, array.shape[axis] // 2, axis=axis)
        others = [grid.edges[a] for a in range(3) if a != axis]
        axes.pcolormesh(others[0], others[1], plane.T, norm=norm, cmap=colours)
        axes.set_axis_off()
    return figure


def _png(figure):
    data = io.BytesIO()
    figure.savefig(data, format="png", transparent=True)
    plt.close(figure)
    return _data(data.getvalue())


def frames(run, count=24):
    """(time, picture) of the density at up to `count` times, the legend's picture, and its ends; none where it has none."""
    grid = run.grid
    drawable = grid.dimension == 2 or grid.dimension == 3 and grid.edges is not None
    if not drawable:
        return [], None, (0, 0)
    chosen = choose_frames(run, count)
    fields = [run.field(index) for index in chosen]
    norm, _ = make_norm(fields, "sqrt")
    colours = "magma"
    draw = _figure if grid.dimension == 2 else _slices
    pictures = [(float(run.times[i]), _png(draw(grid, f, norm, colours))) for i, f in zip(chosen, fields)]
    bar = plt.figure(figsize=(2.56, 0.12), dpi=100)
    axes = bar.add_axes([0, 0, 1, 1])
    axes.set_axis_off()
    axes.imshow(norm(np.linspace(norm.vmin, norm.vmax, 256))[None], aspect="auto", cmap=colours, vmin=0, vmax=1)
    return pictures, _png(bar), (float(norm.vmin), float(norm.vmax))
