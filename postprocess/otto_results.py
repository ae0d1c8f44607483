"""Reads what `otto run -o DIR` leaves behind, as numpy arrays.

    run = Results("out/muller_brown")
    run.history["free_energy"]                # one value per step
    for time, density in run.frames(): ...    # one value per cell, in the order of run.grid

Every failure is a ResultsError whose message says which file and what to do.
"""

import csv
import json
import os
import tomllib
from functools import cached_property

import h5py
import numpy as np


class ResultsError(Exception):
    """A result that is not there or cannot be read."""


class Grid:
    """Cells: `vertices` (n x corners x 3, the last corner repeated where a cell has fewer),
    `centers` (n x d, the means of the corners), `volumes` (n) and, where the cells fill a box,
    `edges`: the cell boundaries along each axis."""

    def __init__(self, vertices, dimension, corners=None):
        self.dimension = dimension
        self.vertices = vertices
        most = vertices.shape[1]
        corners = np.full(len(vertices), most) if corners is None else corners
        weights = (np.arange(most) < corners[:, None]) / corners[:, None]
        self.centers = np.einsum("nc,nca->na", weights, vertices)[:, :dimension]
        self.edges = self._box_edges()
        if self.edges is not None:
            widths = [np.diff(e) for e in self.edges]
            self.volumes = np.ones(len(vertices))
            for axis, w in enumerate(widths):
                self.volumes *= w[self._place[axis]]
        else:
            self.volumes = self._volumes()

    def _box_edges(self):
        """The edges along each axis if the cells are all of their product, else None."""
        edges, self._place = [], []
        count = 1
        for axis in range(self.dimension):
            low, high = self.vertices[:, :, axis].min(axis=1), self.vertices[:, :, axis].max(axis=1)
            scale = max(high.max() - low.min(), 1e-300)
            keys = np.round((low - low.min()) / scale * 1e9).astype(np.int64)
            _, first, place = np.unique(keys, return_index=True, return_inverse=True)
            edges.append(np.append(low[first], high.max()))
            self._place.append(place)
            count *= len(first)
        corners = {1: 2, 2: 4, 3: 8}[self.dimension]
        is_box = count == len(self.vertices) and self.vertices.shape[1] == corners
        return edges if is_box else None

    def as_array(self, values):
        """Values of a box as an array indexed [i, j, k]."""
        shape = tuple(len(e) - 1 for e in self.edges)
        array = np.empty(shape)
        array[tuple(self._place)] = values
        return array

    def _volumes(self):
        """Of polygons and tetrahedra; 1 for polyhedra, whose faces VTK finds by itself."""
        if self.dimension == 2:
            x, y = self.vertices[:, :, 0], self.vertices[:, :, 1]
            return 0.5 * np.abs(np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1))
        if self.vertices.shape[1] != 4:
            return np.ones(len(self.vertices))
        a = self.vertices[:, 1:] - self.vertices[:, :1]
        return np.abs(np.einsum("ni,ni->n", a[:, 0], np.cross(a[:, 1], a[:, 2]))) / 6


# VTK cell types: lines, triangles, polygons, quads, tetrahedra, hexahedra, convex polyhedra
_DIMENSION = {3: 1, 5: 2, 7: 2, 9: 2, 10: 3, 12: 3, 41: 3}


def _read_grid(group):
    """The cells of a VTKHDF unstructured grid: its parts one after another, ids local to each."""
    points = group["Points"][()]
    dimensions = {_DIMENSION.get(t) for t in set(group["Types"][()].tolist())}
    if len(dimensions) != 1 or None in dimensions:
        raise ResultsError(f"{group.file.filename}: cells of unknown kinds, or of several dimensions")
    ids, starts, point_at, id_at, offset_at = [], [], 0, 0, 0
    counts = zip(group["NumberOfPoints"][()], group["NumberOfCells"][()],
                 group["NumberOfConnectivityIds"][()])
    connectivity, offsets = group["Connectivity"][()], group["Offsets"][()]
    for n_points, n_cells, n_ids in counts:
        ids.append(connectivity[id_at:id_at + n_ids] + point_at)
        starts.append(offsets[offset_at:offset_at + n_cells] + id_at)
        point_at, id_at, offset_at = point_at + n_points, id_at + n_ids, offset_at + n_cells + 1
    ids, starts = np.concatenate(ids), np.concatenate(starts)
    corners = np.diff(np.append(starts, len(ids)))
    place = np.minimum(np.arange(corners.max()), corners[:, None] - 1)
    return Grid(points[ids[starts[:, None] + place]], dimensions.pop(), corners)


class Results:
    """The results in one folder."""

    def __init__(self, folder):
        self.folder = folder
        if not os.path.isdir(folder):
            raise ResultsError(f"{folder}: no such folder; run `otto run CASE.toml -o {folder}` first")
        self._series = self._read_series()
        self._whole = self

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _read_series(self):
        """(time, file) pairs, in time order. Without a series: the state of final.h5 alone."""
        name = self._path("fields/density.hdf.series")
        if not os.path.exists(name):
            if not os.path.exists(self._path("final.h5")):
                raise ResultsError(f"{self.folder}: neither fields/density.hdf.series nor final.h5 in "
                                   "there: is it the folder given to `otto run -o`?")
            return []
        try:
            with open(name, encoding="utf-8") as file:
                files = json.load(file)["files"]
            return [(f["time"], self._path(os.path.join("fields", f["name"]))) for f in files]
        except (ValueError, KeyError) as error:
            raise ResultsError(f"{name}: not a series of files ({error})") from error

    @cached_property
    def times(self):
        if self._series:
            return np.array([t for t, _ in self._series])
        with h5py.File(self._path("final.h5")) as file:
            return np.array([float(file.attrs.get("time", np.nan))])

    @cached_property
    def grid(self):
        if not self._series:
            return _grid_of_final(self._path("final.h5"))
        with _open(self._series[0][1]) as file:
            return _read_grid(file["VTKHDF"])

    def field(self, index, name="density"):
        """One value per cell at output time `index`; None where the run did not write the field."""
        if not self._series:
            with _open(self._path("final.h5")) as file:
                return file[f"cells/{name}"][()] if f"cells/{name}" in file else None
        with _open(self._series[index][1]) as file:
            data = file["VTKHDF/CellData"]
            return data[name][()] if name in data else None

    def names(self):
        """The cell fields there are."""
        if not self._series:
            with _open(self._path("final.h5")) as file:
                return sorted(set(file["cells"]) - {"center", "volume"})
        with _open(self._series[0][1]) as file:
            return sorted(file["VTKHDF/CellData"])

    def changes(self, name):
        """Whether a field is another one at another time."""
        first, last = self.field(0, name), self.field(len(self.times) - 1, name)
        return name == "density" and len(self.times) > 1 or not np.array_equal(first, last)

    def final_alone(self):
        """The same results without their series: what final.h5 holds."""
        alone = Results(self.folder)
        alone._series = []
        alone._whole = self
        return alone

    @cached_property
    def landscape(self):
        """The grid and V on it where the run wrote V; None elsewhere."""
        external = self._whole.field(0, "external_energy")
        return None if external is None else (self._whole.grid, external)

    def rate_of(self, mode):
        """The rate of a mode of `otto spectrum`, counted from 1; None without."""
        rates = self.summary.get("spectrum", {}).get("rates", [])
        return rates[mode - 1] if mode <= len(rates) else None

    def frames(self):
        for index, time in enumerate(self.times):
            yield time, self.field(index)

    @cached_property
    def history(self):
        """Columns of history.csv by name; empty without that file."""
        name = self._path("history.csv")
        if not os.path.exists(name):
            return {}
        with open(name, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = rows[0].keys() if rows else []
        return {c: np.array([float(r[c]) if r[c] else np.nan for r in rows]) for c in columns}

    @cached_property
    def summary(self):
        name = self._path("summary.json")
        if not os.path.exists(name):
            return {}
        with open(name, encoding="utf-8") as file:
            return json.load(file)

    @cached_property
    def case(self):
        """case.resolved.toml as a dict; empty without that file."""
        name = self._path("case.resolved.toml")
        if not os.path.exists(name):
            return {}
        with open(name, "rb") as file:
            return tomllib.load(file)

    @property
    def units(self):
        """[units] of the case: energy, length, time, as far as it says."""
        return self.case.get("units", {})

    @property
    def temperature(self):
        """kT of the entropy term, or None."""
        for term in self.case.get("energy", []):
            if term.get("kind") == "entropy":
                return float(term.get("temperature", 1.0))
        return None


def _open(name):
    try:
        return h5py.File(name)
    except OSError as error:
        raise ResultsError(f"{name}: cannot be read ({error})") from error


def _grid_of_final(name):
    """The box whose cell centres final.h5 holds."""
    with _open(name) as file:
        centers = file["cells/center"][()]
    if centers.ndim == 1:
        centers = centers[:, None]
    dimension = centers.shape[1]
    half = np.zeros_like(centers)
    for axis in range(dimension):
        scale = max(np.ptp(centers[:, axis]), 1e-300)
        _, first, place = np.unique(np.round((centers[:, axis] - centers[:, axis].min()) / scale * 1e9),
                                    return_index=True, return_inverse=True)
        unique = centers[first, axis]
        width = np.gradient(unique) if len(unique) > 1 else np.ones(1)
        half[:, axis] = 0.5 * width[place]
    signs = np.array(np.meshgrid(*[[-1, 1]] * dimension, indexing="ij")).reshape(dimension, -1).T
    vertices = np.zeros((len(centers), len(signs), 3))
    vertices[:, :, :dimension] = centers[:, None, :] + signs[None] * half[:, None, :]
    grid = Grid(vertices, dimension)
    if grid.edges is None:
        raise ResultsError(f"{name}: the cells do not fill a box, and without fields/ their shapes are "
                           "not known; rerun with [output] every")
    return grid
