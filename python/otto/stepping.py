"""The loop in Python: `for state in otto.steps(case): ...`."""

import numpy as np

from . import _comm, _otto, _parts
from .case import Case, asked


class StepState:
    """The state after a step (and once before the first): time, step, the columns of history.csv, and `density`, which may be
    written to, in place or as a whole, before the next step. The run goes on from what it holds then."""

    def __init__(self, run, centers, volumes):
        self._run, self.centers, self.volumes = run, centers, volumes
        self._density = self._before = None

    def _arrived(self, several):
        self.row = self._run.row()
        self._density = self._before = None
        if several:  # gathered on all ranks together
            self._load()

    def _load(self):
        self._density = self._run.density()
        self._before = self._density.copy()

    @property
    def density(self):
        if self._density is None:
            self._load()
        return self._density

    @density.setter
    def density(self, values):
        if self._before is None:
            self._load()
        self._density = _parts.to_numpy(values, "state.density")

    def _meet(self, leaving=False):
        """What Python has made of the density goes to the run. Collective. True where all ranks leave the loop."""
        changed = not leaving and self._density is not None and not np.array_equal(self._density, self._before)
        given = self._density if self._density is not None else np.zeros(0)
        return self._run.meet(given, changed, leaving)

    def __getattr__(self, name):
        row = self.__dict__.get("row", {})
        if name in row:
            return row[name]
        raise AttributeError(name)


def steps(case, out=None, comm=None, V=None, rho0=None, resume=None, petsc=()):
    """Runs a case step by step: yields a StepState before the first step and after every one.

    With `out` the folder is written as by run(), once the loop has come to its end (or is closed). Leaving the loop early
    ends the run there.
    """
    comm = _comm.handle(comm)
    made = {}

    def prepare():
        made["case"] = whole = Case(case, V=V, rho0=rho0)
        whole.check()
        made["parts"] = _parts.of(whole.V, whole.rho0)
        made["out"] = None if out is None else _parts.path(out, "out")
        made["options"] = {"resume": None if resume is None else _parts.path(resume, "resume"),
                           "petsc": _parts.words(petsc, "petsc")}

    _comm.together(comm, prepare)
    run = _otto.SteppedRun(comm, asked(made["case"], made["out"], parts=made["parts"], **made["options"]))
    return _loop(run, comm)


def _loop(run, comm):
    several = _otto.ranks(comm) > 1
    state = StepState(run, run.centers(), run.volumes())
    try:
        state._arrived(several)
        yield state
        state._meet()
        while not run.over():
            run.step()
            state._arrived(several)
            yield state
            state._meet()
    except GeneratorExit:
        if state._meet(leaving=True):
            run.finish()
        raise
    run.finish()
