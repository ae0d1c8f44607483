"""Trained energies of any dimension, by particles: `otto sample` and `otto likelihood` in this process."""

import json
import os
import tempfile

import numpy as np

from . import _comm, _otto, _parts
from .commands import _Folder
from .errors import InputError
from .finished import Run


def _energy(energy, folder):
    """A TorchScript file: one that is there, that of a training, or a scripted module written to `folder`."""
    if isinstance(energy, Run):
        return os.path.join(energy.folder, "energy.pt")
    if isinstance(energy, (str, os.PathLike)):
        name = os.fspath(energy)
        return os.path.join(name, "energy.pt") if os.path.isdir(name) else name
    if hasattr(energy, "save") and hasattr(energy, "graph"):  # of torch.jit.script or torch.jit.load
        path = os.path.join(folder, "energy.pt")
        energy.save(path)
        return path
    raise InputError("energy: takes a TorchScript file, a folder or a Run that holds energy.pt, or a module of torch.jit.script, "
                     f"not {type(energy).__name__}")


def _data(data, folder):
    """A file of rows; an array (n, d) is written to `folder`."""
    if data is None or isinstance(data, (str, os.PathLike)):
        return data and os.fspath(data)
    rows = _parts.to_numpy(data, "data")
    if rows.ndim != 2:
        raise InputError(f"data: has the shape {rows.shape}; rows of coordinates have the shape (n, d)")
    path = os.path.join(folder, "data.npy")
    np.save(path, rows)
    return path


def _words(options):
    words = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words += [option, repr(float(value)) if isinstance(value, (float, np.floating)) else str(value)]
    return words


def _execute(command, energy, data, out, comm, options):
    """The command, told as on the command line. What Python holds is written by rank 0."""
    comm = _comm.handle(comm)
    folder = _Folder(out, comm)
    with tempfile.TemporaryDirectory(prefix="otto-") as mine:
        try:
            files = _comm.from_root(comm, lambda: json.dumps([_energy(energy, mine), _data(data, mine)]).encode())
            file, rows = json.loads(files)
            words = [command, file, "-o", folder.path, *_words({**options, "data": rows})]
            _otto.words(comm, words)
        except BaseException:
            folder.discard()
            raise
    result = Run(folder.path, comm, folder.temporary)
    result.warn(3)
    return result


def sample(energy, data=None, count=1000, out=None, comm=None, replicas=None, ladders=None, burn_in=None, steps=None,
           thin=None, seed=None, no_code=False, sandbox=False):
    """Draws from p = exp(-U)/Z by replica exchange: `run.samples` (count, d), `run.sample_energies`.

    energy: a TorchScript file, a folder or Run of `otto.train`, or a module of torch.jit.script; it maps (n, d) to (n).
    data: rows (n, d), or their file, whose normal law is the reference of an energy that holds none.
    The other arguments are the options of `otto sample`.
    """
    return _execute("sample", energy, data, out, comm,
                    dict(count=count, replicas=replicas, ladders=ladders, burn_in=burn_in, steps=steps, thin=thin, seed=seed,
                         no_code=no_code, sandbox=sandbox))


def likelihood(energy, data, out=None, comm=None, noise=None, baselines=True, temperatures=None, particles=None, replicas=None,
               ladders=None, burn_in=None, steps=None, seed=None, no_code=False, sandbox=False):
    """Bounds log Z of an energy from both sides and scores rows: `run.summary["likelihood"]`.

    energy and data are those of `sample`; the other arguments are the options of `otto likelihood`.
    """
    if data is None:
        raise InputError("data: a likelihood is that of rows; give an array (n, d) or a file")
    return _execute("likelihood", energy, data, out, comm,
                    dict(noise=noise, no_baselines=not baselines, temperatures=temperatures, particles=particles,
                         replicas=replicas, ladders=ladders, burn_in=burn_in, steps=steps, seed=seed, no_code=no_code,
                         sandbox=sandbox))
