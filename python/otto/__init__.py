"""Otto: Wasserstein gradient flows of free energies, in the process of Python.

    import otto
    run = otto.run("case.toml")                 # or a dict
    run.density, run.centers, run.history["free_energy"], run.summary
    for state in otto.steps("case.toml"): ...   # state.density may be written to

Gradients are in otto.torch. Several ranks: `mpirun -n 4 python3 script.py`; every function is called on all of them.
"""

import atexit

from . import _otto
from .case import Case
from .commands import (State, converge, distance, fit, program, run, screen, spectrum, sweep, train, treat_programs)
from .errors import (CallbackError, Error, InputError, InternalError, IOError_, NumericalError, OttoWarning)
from .finished import Run
from .finished import open_folder as open  # noqa: A004
from .particles import likelihood, sample
from .stepping import StepState, steps

__version__ = _otto.version
__all__ = ["Case", "Run", "State", "StepState", "run", "steps", "open", "converge", "spectrum", "distance", "train", "fit",
           "sweep", "sample", "likelihood", "program", "screen", "treat_programs", "Error", "InputError", "NumericalError", "IOError_", "InternalError",
           "CallbackError", "OttoWarning"]

screen(None)
atexit.register(_otto.end_session)
