"""What the tests of package otto share."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ.get("OTTO", os.path.join(ROOT, "build", "otto"))
PACKAGE = os.path.join(os.path.dirname(os.path.abspath(OTTO)), "python")
if PACKAGE not in sys.path:
    sys.path.insert(0, PACKAGE)

DOUBLE_WELL = {
    "title": "a small double well",
    "mesh": {"kind": "box", "lower": [-2.0, -2.0], "upper": [2.0, 2.0], "cells": [24, 20]},
    "energy": [{"kind": "entropy", "temperature": 0.7},
               {"kind": "external", "expression": "2*(x^2-1)^2 + y^2"}],
    "initial": {"kind": "gaussian", "mean": [-1.0, 0.0], "variance": 0.1},
    "time": {"scheme": "implicit_euler", "step": 0.01, "end": 0.1},
    "output": {"every": 0.05},
}


def case(**changes):
    """DOUBLE_WELL with other tables."""
    return {**DOUBLE_WELL, **changes}


def on_ranks(ranks, script, timeout=120):
    """Runs a script under mpirun; its standard output. The script sees `otto`, `MPI`, `comm`, `rank`, `DOUBLE_WELL`."""
    head = (f"import sys; sys.path[:0] = [{os.path.dirname(__file__)!r}, {PACKAGE!r}]\n"
            "from mpi4py import MPI\nimport numpy as np\nimport otto\nfrom python_support import DOUBLE_WELL, case\n"
            "comm = MPI.COMM_WORLD; rank = comm.rank\n")
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(head + script)
        file.flush()
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                           OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1", OMP_NUM_THREADS="1",
                           PRTE_MCA_rmaps_default_mapping_policy=":oversubscribe")
        done = subprocess.run(["mpirun", "-n", str(ranks), "--oversubscribe", "/usr/bin/python3", file.name], text=True,
                              env=environment, capture_output=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout
