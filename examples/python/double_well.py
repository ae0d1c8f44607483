"""A density in a double well, its free energy, and a picture: double_well.png.

    PYTHONPATH=build/python /usr/bin/python3 examples/python/double_well.py
"""

import numpy as np

import otto


def V(x):
    return 2 * (x[:, 0] ** 2 - 1) ** 2 + x[:, 1] ** 2


run = otto.run({
    "title": "a double well",
    "mesh": {"kind": "box", "lower": [-2, -2], "upper": [2, 2], "cells": [64, 64]},
    "energy": [{"kind": "entropy", "temperature": 0.5}],
    "initial": {"kind": "gaussian", "mean": [-1, 0], "variance": 0.05},
    "time": {"scheme": "tr_bdf2", "step": 0.02, "end": 4.0},
    "output": {"every": 0.5},
}, V=V)

right = run.centers[:, 0] > 0
gibbs = np.exp(-V(run.centers) / 0.5)
gibbs /= gibbs @ run.volumes
print(f"mass on the right at t = {run.time:g}: {run.density[right] @ run.volumes[right]:.4f}")
print(f"free energy: {run.history['free_energy'][0]:.4f} -> {run.history['free_energy'][-1]:.4f}")
print(f"distance to the Gibbs state: {np.abs(run.density - gibbs) @ run.volumes:.4f}")
run.plot().savefig("double_well.png")
