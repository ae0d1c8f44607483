#!/usr/bin/python3
"""make_tables.py [FOLDER]: writes fes.dat and diffusion.dat of this case, the free energy as PLUMED's sum_hills writes
it and a table of measured diffusion coefficients, from the formulas of cases/exact.py."""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import exact  # noqa: E402

BINS = 36         # of fes.dat, 10 degrees each
COARSE_BINS = 18  # of diffusion.dat


def angles(bins):
    return -np.pi + 2 * np.pi * np.arange(bins) / bins


def free_energy():
    phi = angles(BINS)
    F = exact.alanine_free_energy(phi[:, None], phi[None, :])
    slope = exact.alanine_slope(phi[:, None], phi[None, :])
    head = "#! FIELDS phi psi file.free der_phi der_psi\n"
    for name in ("phi", "psi"):
        head += f"#! SET min_{name} -pi\n#! SET max_{name} pi\n#! SET nbins_{name} {BINS}\n#! SET periodic_{name} true\n"
    blocks = ["".join(f" {a: 13.9f} {b: 13.9f} {F[i, j]: 13.9f} {slope[0][i, j]: 13.9f} {slope[1][i, j]: 13.9f}\n"
                      for i, a in enumerate(phi)) for j, b in enumerate(phi)]
    return head + "\n".join(blocks)


def diffusion():
    phi = angles(COARSE_BINS)
    D = exact.alanine_diffusion(phi[:, None], phi[None, :])
    rows = [f"{a:.6f} {b:.6f} {D[i, j]:.6f}\n" for i, a in enumerate(phi) for j, b in enumerate(phi)]
    return "# phi psi D    radians and rad^2/ps\n" + "".join(rows)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else HERE
    for name, text in (("fes.dat", free_energy()), ("diffusion.dat", diffusion())):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
