"""The commands of the program in this process."""

import os
import subprocess
import sys
import tempfile

import numpy as np

from . import _comm, _otto, _parts
from .case import Case, asked, to_toml
from .errors import Error, InputError, IOError_, InternalError, NumericalError
from .finished import Run

_environment = dict(os.environ)  # before MPI starts


class State:
    """What a callback is told after every accepted step: `density` (whole, a copy), `time`, `step`, and the other columns
    of history.csv by name (`state.free_energy`, `state.row`)."""

    def __init__(self, view):
        self._view = view
        self.row = view.row

    @property
    def density(self):
        return self._view.density

    def __getattr__(self, name):
        row = self.__dict__.get("row", {})
        if name in row:
            return row[name]
        raise AttributeError(name)


def _progress(case, callback):
    """The callback with a bar of tqdm around it."""
    from tqdm.auto import tqdm

    start, end = float(case.get("time.start", 0.0)), float(case["time.end"])
    bar = tqdm(total=end - start, unit="t", bar_format="{l_bar}{bar}| t = {n:.4g} of {total:.4g} [{elapsed}<{remaining}]")

    def tell(state):
        bar.update(state.time - start - bar.n)
        if state.time >= end:
            bar.close()
        return callback(state) if callback else None

    return tell, bar


class _Folder:
    """Where a command writes: the folder asked for, or one that goes with the Run."""

    def __init__(self, out, comm):
        self.temporary = out is None
        self.comm = comm
        if out is not None:
            self.path = os.path.abspath(os.fspath(out))
        else:
            self.path = _comm.from_root(comm, lambda: tempfile.mkdtemp(prefix="otto-").encode()).decode()

    def discard(self):
        if self.temporary and _otto.rank(self.comm) == 0:
            import shutil

            shutil.rmtree(self.path, ignore_errors=True)


_OPTIONS = {
    "k": lambda value: _parts.whole(value, "k", 1), "levels": lambda value: _parts.whole(value, "levels", 1),
    "intervals": lambda value: _parts.whole(value, "intervals", 1),
    "target": lambda value: _parts.number(value, "target"), "tolerance": lambda value: _parts.number(value, "tolerance"),
    "resume": lambda value: None if value is None else _parts.path(value, "resume"),
    "petsc": lambda value: _parts.words(value, "petsc"), "norms": lambda value: _parts.words(value, "norms"),
    "allow_change": lambda value: _parts.words(value, "allow_change"),
}


def _checked(options):
    """Options of a command as the extension module takes them."""
    return {name: _OPTIONS[name](value) if name in _OPTIONS else value for name, value in options.items()}


def _execute(name, case, out, comm, V=None, rho0=None, callback=None, progress=False, **options):
    """A command that takes a case, and its Run."""
    comm = _comm.handle(comm)
    made = {}

    def prepare():
        made["out"] = None if out is None else _parts.path(out, "out")
        made["options"] = _checked(options)
        made["case"] = whole = Case(case, V=V, rho0=rho0)
        whole.check()
        tell = (lambda view: callback(State(view))) if callback is not None else None
        if progress and _otto.rank(comm) == 0:
            told, made["bar"] = _progress(whole, callback)
            tell = lambda view: told(State(view))  # noqa: E731
        elif progress and tell is None:
            tell = lambda view: None  # noqa: E731  (every rank takes part)
        if callback is not None and not callable(callback):
            raise InputError(f"callback: takes a function of the state, not {type(callback).__name__}")
        made["parts"] = _parts.of(whole.V, whole.rho0, tell)

    _comm.together(comm, prepare)
    folder = _Folder(made["out"], comm)
    try:
        _otto.command(name, comm, asked(made["case"], folder.path, parts=made["parts"], **made["options"]))
        run = Run(folder.path, comm, folder.temporary)
        run.warn(3)
    except KeyboardInterrupt as interrupt:
        interrupt.args = (f"stopped by the user; {folder.path} has a checkpoint to go on from: "
                          f"otto.{name}(case, out={folder.path!r}, resume=\"auto\")",)
        interrupt.folder = folder.path
        raise
    except BaseException:
        folder.discard()
        raise
    finally:
        if "bar" in made:
            made["bar"].close()
    return run


def run(case, out=None, comm=None, V=None, rho0=None, callback=None, progress=False, resume=None,
        allow_change=(), petsc=()):
    """Runs a case (a path, a dict or a Case) to its end and returns a Run.

    out: the folder for its results, as of `otto run -o`; None: one that is removed with the Run.
    comm: an mpi4py communicator; None: all ranks of MPI.
    V, rho0: an energy beside those of the case and the initial density: functions of points (n, d) (and t, for V), torch
    modules, or arrays in the order of final.h5.
    callback(state) is told of every accepted step; False stops the run with a checkpoint.
    Ctrl-C stops it after the present step with a checkpoint and raises KeyboardInterrupt; resume="auto" goes on.
    """
    return _execute("run", case, out, comm, V, rho0, callback, progress, resume=resume,
                    allow_change=allow_change, petsc=petsc)


def spectrum(case, k=6, out=None, comm=None, V=None, petsc=()):
    """The k slowest relaxation rates: `run.summary["spectrum"]["rates"]`, modes in `run.cell_fields`."""
    return _execute("spectrum", case, out, comm, V, k=k, petsc=petsc)


def converge(case, levels=4, refine="both", target=0.0, norms=(), out=None, comm=None, V=None, rho0=None, petsc=()):
    """A convergence study; `run.table` is convergence.csv. V and rho0 are functions here."""
    for what, given in (("V", V), ("rho0", rho0)):
        if given is not None and not callable(given):
            raise InputError(f"{what}: an array belongs to one mesh; a convergence study needs a function")
    study = _execute("converge", case, out, comm, V, rho0, levels=levels, refine=refine, target=target,
                     norms=norms, petsc=petsc)
    study.table = study.csv("convergence.csv")
    return study


def train(case, out=None, comm=None, resume=None, petsc=()):
    """Learns an energy from samples; `run.folder` holds energy.pt."""
    return _execute("train", case, out, comm, resume=resume, petsc=petsc)


def fit(case, out=None, comm=None, resume=None, petsc=()):
    """Infers energies from snapshots; `run.summary["fit"]`, `run.folder` holds V.h5."""
    return _execute("fit", case, out, comm, resume=resume, petsc=petsc)


def distance(first, second, out=None, comm=None, intervals=32, tolerance=2e-3):
    """W2 between the densities of two files, folders or Runs: `run.summary["distance"]["w2"]`."""
    comm = _comm.handle(comm)
    made = {}

    def path(of, what):
        name = of.folder if isinstance(of, Run) else _parts.path(of, what)
        return os.path.join(name, "final.h5") if os.path.isdir(name) else name

    def prepare():
        made["out"] = None if out is None else _parts.path(out, "out")
        made["options"] = {"first": path(first, "first"), "second": path(second, "second"),
                           **_checked({"intervals": intervals, "tolerance": tolerance})}

    _comm.together(comm, prepare)
    folder = _Folder(made["out"], comm)
    try:
        _otto.command("distance", comm, {"out": folder.path, **made["options"]})
    except BaseException:
        folder.discard()
        raise
    result = Run(folder.path, comm, folder.temporary)
    result.warn(2)
    return result


def treat_programs(how):
    """What becomes of networks that are programs (TorchScript files of `[[energy]]`, `[network]` and the like) from now on, in
    this process: "run" them here, the default; "sandbox": evaluate those of `[[energy]]` in a process that can do nothing else,
    refuse others; "refuse" all unread. Energies as numbers without code (energy.safetensors) are read anyway."""
    if how not in ("run", "sandbox", "refuse"):
        raise InputError(f'treat_programs: takes "run", "sandbox" or "refuse", not {how!r}')
    _otto.treat_programs(how)


def program():
    """The executable `otto` that goes with this package."""
    here = os.path.dirname(os.path.abspath(__file__))
    up = [here] + [os.path.join(here, *[os.pardir] * n) for n in range(1, 6)]
    for folder in up:
        for name in ("otto", os.path.join("bin", "otto")):
            found = os.path.abspath(os.path.join(folder, name))
            if os.path.isfile(found) and os.access(found, os.X_OK):
                return found
    raise IOError_("the program `otto`, which a sweep starts, is not beside this package")


def _raise_for(done):
    message = (done.stderr.strip() or done.stdout.strip()).splitlines()
    text = "\n".join(line.removeprefix("otto: ") for line in message) or f"exit status {done.returncode}"
    kind = {2: InputError, 3: NumericalError, 4: IOError_}.get(done.returncode, InternalError)
    raise kind(text) if issubclass(kind, Error) else kind


def sweep(case, over, out, jobs=1):
    """Runs a case over values of keys: `over={"energy.temperature": [0.5, 1, 2]}`; the runs are the product of several.

    The runs are processes of their own, `jobs` at a time, so that one that dies takes no other with it. Functions cannot go
    there: V and rho0 belong in files. Returns sweep.csv as a structured array.
    """
    whole = Case(case)
    whole.check()
    if whole.V is not None or whole.rho0 is not None:
        raise InputError("a sweep runs processes of their own, which V and rho0 of Python do not reach; put them into files")
    out = os.path.abspath(os.fspath(out))
    file = whole.file
    if not os.path.exists(file):
        os.makedirs(out, exist_ok=True)
        file = os.path.join(out, "case.toml")
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(whole.text)
    words = [program(), "sweep", file, "-o", out, "--jobs", str(jobs)]
    for setting in whole.settings:
        words += ["--set", setting]
    for key, values in over.items():
        texts = [to_toml(v).strip('"') for v in np.asarray(values).tolist()]
        words += ["--over", f"{key}={','.join(texts)}"]
    done = subprocess.run(words, env=_environment, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 75):
        _raise_for(done)
    from .finished import _read, table

    return table(_read(os.path.join(out, "sweep.csv")).decode())


def screen(stream=None):
    """Where lines of the log are shown beside log.txt: a stream such as sys.stdout, or None for nowhere."""
    if stream is None:
        _otto.screen(None)
    else:
        _otto.screen(lambda line, warning: print("warning: " + line if warning else line, file=stream or sys.stdout))
