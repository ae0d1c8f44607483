#!/usr/bin/python3
"""Does a mesh as Gmsh writes it run? Every geometry of geometries.py is meshed with Gmsh's default options and
run with no key in [mesh] but `kind` and `file`.

    OTTO=build/otto bench/field_meshes/meshes.py [--ranks N] [--levels 3] [--dialects FOLDER] [NAME ...]

For each mesh: what Otto chose, and L1 errors and orders of the heat flow of 1 + 0.5 cos(pi x) (periodic meshes:
cos(2 pi x)) on meshes of the sizes h, h/2, ... where that is a solution: on squares and boxes between walls.
With --dialects also every .msh of a folder, for whether it runs."""
import argparse
import glob
import json
import math
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from geometries import GEOMETRIES

CASE = """
[mesh]
kind = "gmsh"
file = "{mesh}"
[[energy]]
kind = "entropy"
temperature = 1.0
[initial]
kind = "{initial}"
{expression}
[time]
scheme = "{scheme}"
step = {step}
end = {end}
"""
EXACT = """
[exact]
density = "{exact}"
"""


def write_mesh(text, dimension, h, path, version="msh41"):
    geo = path[:-4] + ".geo"
    with open(geo, "w", encoding="utf-8") as file:
        file.write(text.replace("{h}", repr(h)).replace("{{", "{").replace("}}", "}"))
    done = subprocess.run(["gmsh", f"-{dimension}", "-v", "1", "-format", version, geo, "-o", path],
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0 or not os.path.exists(path):
        raise RuntimeError(f"gmsh made no mesh of {geo}: {done.stdout}{done.stderr}")


def run(case, folder, ranks=1):
    """Exit status, summary.json (or the message on the error stream), and what the log says was chosen."""
    path, out = os.path.join(folder, "case.toml"), os.path.join(folder, "out")
    with open(path, "w", encoding="utf-8") as file:
        file.write(case)
    command = [os.environ["OTTO"], "run", path, "-o", out]
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        return done.returncode, done.stderr.strip(), ""
    with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    with open(os.path.join(out, "log.txt"), encoding="utf-8") as file:
        chosen = [line.split("control volumes: ")[1].strip() for line in file if "control volumes: " in line]
    return 0, summary, chosen[0] if chosen else ""


def heat(name, mesh, scheme="tr_bdf2", step=0.005, end=0.05):
    periodic = name in ("periodic_x", "periodic_xy", "periodic_quads", "box_periodic")
    k = 2 * math.pi if periodic else math.pi
    text = CASE.format(mesh=mesh, initial="expression", expression=f'expression = "1 + 0.5*cos({k!r}*x)"',
                       scheme=scheme, step=step, end=end)
    return text + EXACT.format(exact=f"(1 + 0.5*cos({k!r}*x)*exp(-{k * k!r}*t))/1")


def has_solution(name):
    """Where the heat flow of the cosine stays one: the unit square or cube."""
    return name.split("_")[0] in ("square", "periodic", "box", "extruded") or name == "ball_in_box"


def error_of(summary):
    return summary["error"]["l1"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=int, default=1)
    options.add_argument("--levels", type=int, default=3)
    options.add_argument("--dialects")
    options.add_argument("names", nargs="*")
    options = options.parse_args()
    refused = failed = 0
    for name, dimension, text in GEOMETRIES:
        if options.names and name not in options.names:
            continue
        errors, cells, words = [], [], ""
        for level in range(options.levels if has_solution(name) else 1):
            with tempfile.TemporaryDirectory() as folder:
                mesh = os.path.join(folder, name + ".msh")
                h = (0.1 if dimension == 2 else 0.3) / 2**level
                write_mesh(text, dimension, h, mesh)
                step = 0.01 / 2**level
                status, summary, chosen = run(heat(name, mesh, step=step), folder, options.ranks)
            if status != 0:
                words = f"status {status}: {summary[:240]}"
                break
            words = chosen
            cells.append(summary["mesh"]["cells"])
            if has_solution(name):
                errors.append(error_of(summary))
        orders = [dimension * math.log(a / b) / math.log(n / m)
                  for a, b, m, n in zip(errors, errors[1:], cells, cells[1:])]
        if words.startswith("status"):
            refused, failed = refused + words.startswith("status 2"), failed + (not words.startswith("status 2"))
        print(f"{name:22} {str(cells):26} {' '.join(f'{e:.2e}' for e in errors):30} "
              f"{' '.join(f'{p:.2f}' for p in orders):12} {words}", flush=True)
    for path in sorted(glob.glob(os.path.join(os.path.abspath(options.dialects), "*.msh")) if options.dialects else []):
        with tempfile.TemporaryDirectory() as folder:
            status, summary, chosen = run(CASE.format(mesh=path, initial="uniform", expression="",
                                                      scheme="implicit_euler", step=0.01, end=0.02), folder,
                                          options.ranks)
        refused, failed = refused + (status == 2), failed + (status not in (0, 2))
        print(f"{os.path.basename(path):22} {'status ' + str(status) + ': ' + summary if status else chosen}")
    print(f"{refused} refused, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
