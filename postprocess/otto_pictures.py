"""The pictures of a run: densities over time, the free energy, the ledger. Used by postprocess/plot and by package otto for Python."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colors, ticker
from matplotlib.collections import PolyCollection

AXES = "xyz"
COLOURS, OTHER_COLOURS, SIGNED_COLOURS = "magma", "viridis", "RdBu_r"
COMMITTORS = ("committor", "forward_committor", "backward_committor")
DENSITIES = ("density", "stationary_density", "data")  # non-negative masses per volume
WORDS = {"density": "density ρ", "stationary_density": "stationary density", "committor": "committor q",
         "forward_committor": "forward committor q⁺", "backward_committor": "backward committor q⁻",
         "mean_exit_time": "mean exit time T", "external_energy": "external energy V",
         "chemical_potential": "chemical potential μ", "current": "stationary current J"}
STYLE = {
    "figure.dpi": 110, "savefig.dpi": 160, "font.size": 10, "axes.titlesize": 10,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "legend.frameon": False, "figure.constrained_layout.use": True, "lines.linewidth": 1.6,
    "axes.formatter.limits": (-3, 4), "axes.formatter.use_mathtext": True,
}
BLUE, RED, GREY = "#2b6ca3", "#c8553d", "#8a8a8a"


def choose_frames(run, count, field="density"):
    """Indices of `count` output times between which the density changes equally much (in L1)."""
    n = len(run.times)
    if not run.changes(field):
        return [0]
    if n <= count:
        return list(range(n))
    volumes = run.grid.volumes
    travelled, previous = [0.0], run.field(0)
    for index in range(1, n):
        current = run.field(index)
        travelled.append(travelled[-1] + float(np.sum(volumes * np.abs(current - previous))))
        previous = current
    if travelled[-1] == 0:
        return [0, n - 1]
    targets = np.linspace(0, travelled[-1], count)
    chosen = np.searchsorted(travelled, targets * (1 - 1e-12))
    return sorted(set(chosen.tolist()) | {0, n - 1})


def is_signed(values):
    """Values on both sides of 0, beyond rounding."""
    low, high = min(float(np.nanmin(v)) for v in values), max(float(np.nanmax(v)) for v in values)
    return low < -1e-9 * max(high, -low) and high > 1e-9 * max(high, -low)


def make_norm(values, scale, field="density"):
    """A common colour scale for all frames, and whether some values lie above it."""
    if is_signed(values):  # white at 0, both signs alike
        reach = max(float(np.nanmax(np.abs(v))) for v in values)
        return colors.Normalize(vmin=-reach, vmax=reach), "neither"
    if field in COMMITTORS:
        return colors.Normalize(vmin=0.0, vmax=1.0), "neither"
    if field not in DENSITIES:
        low, high = min(float(np.nanmin(v)) for v in values), max(float(np.nanmax(v)) for v in values)
        return colors.Normalize(vmin=low, vmax=high if high > low else low + 1), "neither"
    highs, low = [float(np.nanmax(v)) for v in values], min(float(np.nanmin(v)) for v in values)
    high = max(highs)
    # A narrow start would leave all later frames dark: the scale ends at what half the frames reach.
    if len(values) > 2:
        high = min(high, 1.5 * float(np.median(highs)))
    high = high if high > 0 else 1.0
    extend = "max" if max(highs) > high else "neither"
    if scale == "log":
        return colors.LogNorm(vmin=high * 1e-6, vmax=high), extend
    if low > 0.2 * high:  # nowhere near empty: show the differences
        return colors.Normalize(vmin=low, vmax=high), extend
    return colors.PowerNorm(0.5 if scale == "sqrt" else 1.0, vmin=0.0, vmax=high), extend


def density_picture(run, scale, count, title, field="density"):
    """Curves in 1-D, small multiples in 2-D, mid-plane slices in 3-D."""
    with plt.rc_context(STYLE):
        draw = {1: _curves, 2: _multiples, 3: _slices}[run.grid.dimension]
        figure = draw(run, scale, choose_frames(run, count, field), field)
        if title:
            figure.suptitle(title, fontsize=12)
        return figure


def frame_label(run, index, field):
    """The time of a frame; nothing where the field has none."""
    t = run.times[index]
    unit = run.units.get("time", "")
    return f"t = {t:.4g}{' ' + unit if unit else ''}" if np.isfinite(t) and run.changes(field) else ""


def field_colours(norm, field):
    if norm.vmin == -norm.vmax:
        return SIGNED_COLOURS
    return COLOURS if field in DENSITIES else OTHER_COLOURS


def label_decades(axis):
    """Numbers on a logarithmic axis: at 2 and 5 as well where it spans few decades, at round numbers where it spans none."""
    low, high = sorted(axis.get_view_interval())
    if not (low > 0 and np.isfinite(high)):
        return
    decades = np.log10(high / low)
    if decades < 0.7:
        axis.set_major_locator(ticker.MaxNLocator(5))
        axis.set_major_formatter(ticker.ScalarFormatter(useMathText=True))
        axis.set_minor_locator(ticker.NullLocator())
    elif decades < 3:
        axis.set_major_locator(ticker.LogLocator(10, subs=(1, 2, 5), numticks=20))
        axis.set_major_formatter(ticker.LogFormatterSciNotation(10, labelOnlyBase=False, minor_thresholds=(np.inf, np.inf)))
        axis.set_minor_formatter(ticker.NullFormatter())


def _curves(run, scale, frames, field):
    figure, axes = plt.subplots(figsize=(6.4, 3.8))
    order = np.argsort(run.grid.centers[:, 0])
    x = run.grid.centers[order, 0]
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.92, max(len(frames), 2)))
    for shade, index in zip(shades, frames):
        values = run.field(index, field)[order]
        axes.plot(x, np.maximum(values, 1e-300) if scale == "log" else values, color=shade,
                  label=frame_label(run, index, field))
    axes.set(xlabel=axis_name(run, 0), ylabel=field_name(run, field), xlim=(run.grid.edges[0][0], run.grid.edges[0][-1]))
    external = run.field(frames[-1], "external_energy")
    if external is not None and field == "density":
        shade_external(axes, run, x, external[order])
    if scale == "log":
        axes.set_yscale("log")
        label_decades(axes.yaxis)
    elif is_signed([run.field(i, field) for i in frames]):
        axes.axhline(0, color=GREY, linewidth=0.8)
    elif field in DENSITIES:
        axes.set_ylim(bottom=0)
    if run.changes(field):
        axes.legend(fontsize=8, ncols=2 if len(frames) > 5 else 1)
    return figure


def shade_external(axes, run, x, external):
    """The external energy in grey behind the curves, on an axis of its own."""
    behind = axes.twinx()
    behind.fill_between(x, external, external.min(), color=GREY, alpha=0.13, linewidth=0)
    behind.set_ylabel(field_name(run, "external_energy"), color=GREY)
    behind.tick_params(colors=GREY)
    behind.spines["right"].set_visible(True)
    behind.spines["right"].set_color(GREY)
    behind.set_ylim(external.min(), None)
    axes.set_zorder(behind.get_zorder() + 1)
    axes.patch.set_visible(False)


def _unit(run, field):
    """Of a cell field, by [units] of the case; "" where there is none."""
    length, time, energy = (run.units.get(key, "") for key in ("length", "time", "energy"))
    if field in DENSITIES:
        power = {1: "", 2: "²", 3: "³"}[run.grid.dimension]
        return f"1/{length}{power}" if length else ""
    return {"external_energy": energy, "chemical_potential": energy, "mean_exit_time": time}.get(field, "")


def with_unit(name, unit):
    return f"{name} ({unit})" if unit else name


def field_name(run, field):
    return with_unit(WORDS.get(field, field.replace("_", " ")), _unit(run, field))


def time_name(run):
    return with_unit("time t", run.units.get("time", ""))


def axis_name(run, axis):
    """Of a coordinate."""
    return with_unit(AXES[axis], run.units.get("length", ""))


def draw_plane(axes, grid, values, norm, colours):
    if grid.edges is not None:
        image = axes.pcolormesh(grid.edges[0], grid.edges[1], grid.as_array(values).T, norm=norm,
                                cmap=colours, rasterized=True)
    else:
        image = PolyCollection(grid.vertices[:, :, :2], array=values, norm=norm, cmap=colours,
                               edgecolors="face", linewidths=0.4, rasterized=True)
        axes.add_collection(image)
        axes.autoscale_view()
    axes.set_aspect("equal")
    for side in axes.spines.values():
        side.set_visible(False)
    return image


def draw_external(axes, run):
    """Level lines of V, a kT apart at the bottom and wider higher up, where the run wrote V."""
    if run.landscape is None or run.landscape[0].edges is None:
        return
    grid, external = run.landscape
    kT = run.temperature or 1.0
    bottom = external.min()
    levels = [bottom + kT * k for k in (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 14, 20)]
    middles = [0.5 * (e[1:] + e[:-1]) for e in grid.edges]
    axes.contour(*middles, grid.as_array(external).T, levels=levels, colors="white",
                 linewidths=0.5, alpha=0.4, linestyles="solid")


def _panel_grid(count, aspect):
    """Rows and columns for `count` panels of the given height/width."""
    columns = count if count <= 4 else (count + 1) // 2
    rows = -(-count // columns)
    width = 4.8 if count == 1 else min(11.0, 2.9 * columns) / columns
    return plt.subplots(rows, columns, sharex=True, sharey=True, squeeze=False,
                        figsize=(width * columns + 0.9, width * aspect * rows + 0.75))


def _multiples(run, scale, frames, field):
    low, high = run.grid.vertices[:, :, :2].min((0, 1)), run.grid.vertices[:, :, :2].max((0, 1))
    values = [run.field(i, field) for i in frames]
    norm, extend = make_norm(values, scale, field)
    figure, panels = _panel_grid(len(frames), (high[1] - low[1]) / (high[0] - low[0]))
    for axes, index, value in zip(panels.flat, frames, values):
        image = draw_plane(axes, run.grid, np.maximum(value, norm.vmin), norm,
                            field_colours(norm, field))
        draw_external(axes, run)
        axes.set_title(frame_label(run, index, field))
    for axes in panels.flat[len(frames):]:
        axes.set_visible(False)
    for axes in panels[-1]:
        axes.set_xlabel(axis_name(run, 0))
    for axes in panels[:, 0]:
        axes.set_ylabel(axis_name(run, 1))
    figure.colorbar(image, ax=panels, label=field_name(run, field), extend=extend, shrink=0.9, pad=0.015)
    return figure


def current_picture(run, scale, title):
    """Arrows of the stationary current over the stationary density, in the plane."""
    grid = run.grid
    with plt.rc_context(STYLE):
        figure = _multiples(run, scale, [0], "stationary_density")
        axes = figure.axes[0]
        x, J = grid.centers, np.stack([run.field(0, f"current_{a}") for a in "xy"], axis=1)
        low, high = x.min(0), x.max(0)
        # one arrow to a square of a grid of about 20 by 20: the mean of the cells in it
        side = (high - low).max() / 20
        square = np.floor((x - low) / side).astype(int)
        _, place = np.unique(square, axis=0, return_inverse=True)
        count = np.bincount(place.ravel())
        mean = lambda v: np.bincount(place.ravel(), weights=v) / count  # noqa: E731
        u, v = mean(J[:, 0]), mean(J[:, 1])
        longest = np.hypot(u, v).max()
        axes.quiver(mean(x[:, 0]), mean(x[:, 1]), u, v, color="white", pivot="mid", angles="xy", units="xy",
                    scale=longest / (1.4 * side) if longest > 0 else 1, width=side / 12, edgecolor="black", linewidth=0.3)
        figure.suptitle(title or field_name(run, "current"), fontsize=12)
        return figure


def _clouds(run, scale, frames, field):
    """The cells of a 3-D mesh as dots, seen along each axis, the densest in front."""
    norm, extend = make_norm([run.field(i, field) for i in frames], scale, field)
    figure, panels = plt.subplots(3, len(frames), squeeze=False,
                                  figsize=(2.4 * len(frames) + 1.2, 6.6))
    for row, normal in enumerate((2, 1, 0)):
        first, second = [a for a in range(3) if a != normal]
        for axes, index in zip(panels[row], frames):
            values = run.field(index, field)
            order = np.argsort(values)
            x = run.grid.centers[order]
            image = axes.scatter(x[:, first], x[:, second], c=np.maximum(values[order], norm.vmin),
                                 s=6, norm=norm, cmap=field_colours(norm, field), linewidths=0, rasterized=True)
            axes.set_aspect("equal")
            axes.set_xlabel(axis_name(run, first))
            if row == 0:
                axes.set_title(frame_label(run, index, field))
        panels[row, 0].set_ylabel(axis_name(run, second))
    figure.colorbar(image, ax=panels, label=field_name(run, field), extend=extend, shrink=0.8, pad=0.015)
    return figure


def _slices(run, scale, frames, field):
    grid = run.grid
    if grid.edges is None:
        return _clouds(run, scale, frames, field)
    arrays = [grid.as_array(run.field(i, field)) for i in frames]
    middle = [len(e[:-1]) // 2 for e in grid.edges]
    norm, extend = make_norm(arrays, scale, field)
    figure, panels = plt.subplots(3, len(frames), squeeze=False,
                                  figsize=(2.1 * len(frames) + 1.2, 6.6))
    for row, normal in enumerate((2, 1, 0)):
        first, second = [a for a in range(3) if a != normal]
        at = grid.edges[normal][middle[normal]]
        for axes, array, index in zip(panels[row], arrays, frames):
            plane = np.take(array, middle[normal], axis=normal)
            image = axes.pcolormesh(grid.edges[first], grid.edges[second],
                                    np.maximum(plane, norm.vmin).T, norm=norm,
                                    cmap=field_colours(norm, field), rasterized=True)
            axes.set_aspect("equal")
            axes.set_xlabel(axis_name(run, first))
            if row == 0:
                axes.set_title(frame_label(run, index, field))
        panels[row, 0].set_ylabel(f"{axis_name(run, second)}     ({AXES[normal]} ≈ {at:.2g})")
    figure.colorbar(image, ax=panels, label=field_name(run, field), extend=extend, shrink=0.8, pad=0.015)
    return figure
