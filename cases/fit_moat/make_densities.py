"""Writes the densities of this case: those of truth.toml on 1024 cells, in steps of 0.0025, by `otto run`, summed over
the 256 cells of the fit; two series from two starts. Needs OTTO, the path of the program."""
import os
import subprocess
import tempfile

import h5py
import numpy as np

OTTO = os.environ["OTTO"]
STARTS = ("exp(-(x-0.5)^2/1.62)", "exp(-2*(x+1)^2) + 0.3*exp(-(x-3)^2/0.32)")
TIMES = (1e-9, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)

for series, start in enumerate(STARTS):
    for number, time in enumerate(TIMES):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([OTTO, "run", "truth.toml", "-o", folder, "--set", f"initial.expression={start}",
                            "--set", f"time.end={time}", "--set", f"time.step={min(time, 0.0025)}"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            with h5py.File(os.path.join(folder, "final.h5")) as file:
                order = np.argsort(file["cells/center"][:].ravel())
                x, rho = (file["cells/" + name][:].ravel()[order].reshape(256, 4).mean(1) for name in ("center", "density"))
        np.savetxt(f"series_{series}_{number}.csv", np.stack([x, rho], 1), fmt=["%.6f", "%.12e"], delimiter=",",
                   header="x,density", comments="")
