"""Finished runs: what a folder of results holds, in memory."""

import csv
import io
import json
import os
import warnings
import weakref
import shutil

import numpy as np

from . import _comm, _otto
from .errors import InputError, IOError_, OttoWarning


def _read(path):
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


def _cells(folder):
    """final.h5 as the bytes of an .npz archive."""
    name = next((f for f in ("final.h5", "modes.h5", "V.h5") if os.path.exists(os.path.join(folder, f))), None)
    if name is None:
        return b""
    import h5py

    with h5py.File(os.path.join(folder, name)) as file:
        fields = {key: np.asarray(value) for key, value in file["cells"].items()}
        fields["time"] = np.float64(file.attrs.get("time", np.nan))
    data = io.BytesIO()
    np.savez(data, **fields)
    return data.getvalue()


def _drawn(folder):
    """samples.h5 as the bytes of an .npz archive."""
    path = os.path.join(folder, "samples.h5")
    if not os.path.exists(path):
        return b""
    import h5py

    data = io.BytesIO()
    with h5py.File(path) as file:
        np.savez(data, samples=file["samples"][()], energy=file["energy"][()])
    return data.getvalue()


def table(text):
    """A CSV text as a structured array: whole numbers as integers, empty entries as nan."""
    rows = list(csv.reader(io.StringIO(text)))
    if len(rows) < 1:
        return np.zeros(0, dtype=[("step", np.int64)])
    names, columns = rows[0], list(zip(*rows[1:])) or [()] * len(rows[0])

    def typed(column):
        try:
            return np.array([int(v) for v in column], dtype=np.int64)
        except ValueError:
            pass
        try:
            return np.array([float(v) if v else np.nan for v in column])
        except ValueError:
            return np.array(column)

    arrays = [typed(c) for c in columns]
    result = np.zeros(len(rows) - 1, dtype=[(n, a.dtype) for n, a in zip(names, arrays)])
    for name, array in zip(names, arrays):
        result[name] = array
    return result


class Run:
    """The results in one folder. Arrays are whole, in the order of final.h5, and the same on every rank.

    density, centers (n, d), volumes, time: the state at the end; `cell_fields` has all fields of final.h5.
    history: a structured array, one row per step (`run.history["free_energy"]`); frame() makes it a pandas table.
    summary: summary.json as a dict. folder: where it all lies.
    """

    def __init__(self, folder, comm=0, temporary=False):
        self.folder = os.path.abspath(folder)
        self._temporary = weakref.finalize(self, shutil.rmtree, self.folder, True) if temporary else None
        self._comm = comm

        def whole():
            if not os.path.isdir(self.folder):
                raise InputError(f"{self.folder}: no such folder")
            summary = _read(os.path.join(self.folder, "summary.json"))
            if not summary:
                raise InputError(f"{self.folder}: holds no results (there is no summary.json)")
            return summary

        self.summary = json.loads(_comm.from_root(comm, whole))
        history = _comm.from_root(comm, lambda: _read(os.path.join(self.folder, "history.csv")))
        self.history = table(history.decode())
        cells = _comm.from_root(comm, lambda: _cells(self.folder))
        self.cell_fields, self.time = {}, float("nan")
        if cells:
            with np.load(io.BytesIO(cells)) as archive:
                self.cell_fields = {name: archive[name] for name in archive.files}
            self.time = float(self.cell_fields.pop("time"))
        draws = _comm.from_root(comm, lambda: _drawn(self.folder))
        self._draws = dict(np.load(io.BytesIO(draws))) if draws else {}

    def _field(self, name):
        if name not in self.cell_fields:
            raise AttributeError(f"{self.folder}: holds no {name} of cells")
        return self.cell_fields[name]

    @property
    def density(self):
        return self._field("density")

    @property
    def centers(self):
        return self._field("center")

    @property
    def volumes(self):
        return self._field("volume")

    def _sampled(self, name):
        if name not in self._draws:
            raise AttributeError(f"{self.folder}: holds no samples")
        return self._draws[name]

    @property
    def samples(self):
        """The rows that `sample` has drawn, (count, d)."""
        return self._sampled("samples")

    @property
    def sample_energies(self):
        """U at them."""
        return self._sampled("energy")

    @property
    def status(self):
        """"completed" or "stopped"."""
        return self.summary["status"]

    @property
    def warnings(self):
        return self.summary.get("warnings", [])

    def csv(self, name):
        """A table of the folder, such as "convergence.csv", as a structured array."""
        text = _comm.from_root(self._comm, lambda: _read(os.path.join(self.folder, name)))
        if not text:
            raise InputError(f"{self.folder}: holds no {name}")
        return table(text.decode())

    def frame(self):
        """The history as a pandas.DataFrame."""
        import pandas

        return pandas.DataFrame(self.history)

    def results(self):
        """The folder as the scripts in postprocess/ read it (its grid, with the corners of the cells)."""
        from .otto_results import Results

        return Results(self.folder)

    def fields(self, name="density"):
        """(time, values) of every output time, values per cell of results().grid. Read by the rank that asks."""
        results = self.results()
        for index, time in enumerate(results.times):
            values = results.field(index, name)
            if values is None:
                raise InputError(f"{self.folder}: there is no field '{name}'; there are {', '.join(results.names())}")
            yield float(time), values

    def plot(self, field="density", frames=6, scale=None):
        """A matplotlib figure of a field over time, as `postprocess/plot` draws it."""
        from . import otto_pictures

        results = self.results()
        chosen = scale or ("linear" if results.grid.dimension == 1 else "sqrt")
        return otto_pictures.density_picture(results, chosen, frames, results.case.get("title", ""), field)

    def warn(self, level):
        """Hands the sentences of the summary to the module warnings, on rank 0, as of the caller `level` calls up."""
        if _otto.rank(self._comm) == 0:
            for sentence in self.warnings:
                warnings.warn(sentence, OttoWarning, stacklevel=level + 1)

    def keep(self):
        """A temporary folder is not removed with this object."""
        if self._temporary is not None:
            self._temporary.detach()
        return self.folder

    def __repr__(self):
        return f"Run({self.folder!r}, {self.status}, t = {self.time:g})"


def open_folder(folder, comm=None):
    """The results in a folder, as Run."""
    return Run(os.fspath(folder), _comm.handle(comm))


def read_h5(path, name="density"):
    """A field of cells of a file in the layout of final.h5."""
    import h5py

    try:
        with h5py.File(path) as file:
            return file[f"cells/{name}"][()]
    except (OSError, KeyError) as error:
        raise IOError_(f"{path}: cannot be read: {error}") from None
