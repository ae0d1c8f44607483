"""Runs programs in turn on the same work item and compares time and accuracy. Used by bench/w1, w5.

CPU seconds are user + system of the whole process, from the operating system; stepping seconds are
what each program reports about its time loop (Otto: `seconds.solve` of summary.json)."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "cases"))
import exact  # noqa: E402

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMP_NUM_THREADS="1")


class Work:
    """A work item: double well in `dimension` dimensions, `steps` implicit Euler steps to `end`."""

    def __init__(self, name, dimension, steps, end, case):
        self.name, self.dimension, self.steps, self.end = name, dimension, steps, end
        self.case = os.path.join(ROOT, "cases", case, "case.toml")

    def exact_density(self, cells):
        edges = [np.linspace(-2.0, 2.0, cells + 1)] * self.dimension
        return exact.double_well(self.end, edges)

    def measure(self, density, cells):
        """L1 distance to the exact cell averages, mass - 1 and F - F(exact)."""
        volume = (4.0 / cells) ** self.dimension
        axes = np.meshgrid(*[-2 + 4.0 * (np.arange(cells) + 0.5) / cells] * self.dimension,
                           indexing="ij")
        external = 2 * (axes[0]**2 - 1)**2 + sum(2 * a**2 for a in axes[1:])
        rho = np.where(density > 0, density, 1.0)
        energy = volume * np.sum(density * np.log(rho) + density * external)
        return {
            "l1": volume * np.sum(np.abs(density - self.exact_density(cells))),
            "mass": volume * np.sum(density) - 1,
            "energy": energy - exact.double_well_energy(self.end, self.dimension),
        }


def uses_petsc(source):
    with open(source, encoding="utf-8") as file:
        return "#include <petsc" in file.read()


def compile_program(source, folder):
    """Builds a C or C++ program; with PETSc where it includes PETSc."""
    program = os.path.join(folder, os.path.splitext(os.path.basename(source))[0])
    petsc = uses_petsc(source)
    plain = "g++" if source.endswith((".cpp", ".cc")) else "gcc"
    words = ["mpicc" if petsc else plain, "-O3", "-march=native", source, "-o", program]
    if plain == "g++":
        words.insert(1, "-std=c++20")
    if petsc:
        flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "petsc"], text=True)
        words += flags.split()
    else:
        words.insert(2, "-ffast-math")
    subprocess.run(words + ["-lm"], check=True)
    return program


def levels_for(cells):
    """Multigrid levels down to 16 cells per axis."""
    levels = 1
    while cells % 2 == 0 and cells > 16:
        cells //= 2
        levels += 1
    return levels


MULTIGRID = ("-pc_type mg -pc_mg_levels {levels} -mg_levels_ksp_type richardson -mg_levels_ksp_max_it 1 "
             "-mg_levels_pc_type sor -mg_coarse_pc_type redundant "
             "-mg_coarse_redundant_pc_type cholesky")


class Program:
    """A baseline: `command` is filled with {program} {dim} {cells} {steps} {time} {levels} {out}."""

    def __init__(self, label, source, command):
        self.label, self.source, self.command = label, source, command

    def build(self, folder):
        self.program = compile_program(self.source, folder)

    def run(self, work, cells, folder):
        out = os.path.join(folder, "density.raw")
        words = self.command.format(program=self.program, dim=work.dimension, cells=cells,
                                    steps=work.steps, time=work.end, out=out,
                                    levels=levels_for(cells)).split()
        cpu, text = timed(words)
        stepping = float(re.search(r"stepping ([\d.]+) s", text).group(1))
        return cpu, stepping, read_raw(out, cells, work.dimension)


def reference_program(source):
    """A program the user supplies. With PETSc: options -dim -n -steps -T -out; else the words
    CELLS STEPS TIME FILE. It must print 'stepping SECONDS s'."""
    petsc_words = "{program} -dim {dim} -n {cells} -steps {steps} -T {time} -out {out} " + MULTIGRID
    words = petsc_words if uses_petsc(source) else "{program} {cells} {steps} {time} {out}"
    return Program(os.path.basename(source), source, words)


class Otto:
    label = "otto"

    def __init__(self, program, settings):
        self.program, self.settings = program, settings

    def build(self, _folder):
        if not os.path.exists(self.program):
            sys.exit(f"{self.program} is not there; build it with scripts/quickstart")

    def run(self, work, cells, folder):
        out = os.path.join(folder, "out")
        words = [self.program, "run", work.case, "-o", out,
                 "--set", f"mesh.cells={[cells] * work.dimension}".replace(" ", ""),
                 "--set", f"time.step={work.end / work.steps!r}",
                 "--set", f"time.end={work.end}", "--set", f"output.every={work.end}"]
        for setting in self.settings:
            words += ["--set", setting]
        cpu, _ = timed(words)
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            stepping = json.load(file)["seconds"]["solve"]
        with h5py.File(os.path.join(out, "final.h5")) as file:
            centers, values = file["cells/center"][()], file["cells/density"][()]
        index = np.floor((centers + 2) / (4.0 / cells)).astype(int)
        density = np.empty((cells,) * work.dimension)
        density[tuple(index.T)] = values
        return cpu, stepping, density


def timed(words, statuses=(0,)):
    """(user + system seconds of the process and its children, what it printed); ends where its status is another."""
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, env=ENVIRONMENT,
                                 stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if child.returncode not in statuses:
        sys.exit(f"{' '.join(words)}\nended with {child.returncode}:\n{text}")
    return usage.ru_utime + usage.ru_stime, text


def read_raw(name, cells, dimension):
    """Raw float64 in the machine's order, or a PETSc binary vector (big-endian, 8-byte header)."""
    count = cells**dimension
    with open(name, "rb") as file:
        data = file.read()
    values = (np.frombuffer(data, "<f8") if len(data) == 8 * count
              else np.frombuffer(data[8:], ">f8"))
    return values.reshape((cells,) * dimension).T  # x is fastest in the file


def compare(work, programs, cells, repeats, folder):
    """Rows of one table: programs taken in turn, `repeats` times; medians."""
    runs = {p.label: [] for p in programs}
    accuracy = {}
    for _ in range(repeats):
        for program in programs:
            cpu, stepping, density = program.run(work, cells, folder)
            runs[program.label].append((cpu, stepping))
            accuracy[program.label] = work.measure(density, cells)
    base = runs[programs[0].label]
    rows = []
    for program in programs:
        mine = runs[program.label]
        # Ratios of neighbours in time, so that a busy machine slows both.
        ratio = [[b[i] / m[i] for b, m in zip(base, mine)] for i in (0, 1)]
        rows.append({
            "label": program.label, "cells": cells,
            "cpu": statistics.median(m[0] for m in mine),
            "stepping": statistics.median(m[1] for m in mine),
            "cpu_ratio": statistics.median(ratio[0]),
            "stepping_ratio": statistics.median(ratio[1]), **accuracy[program.label]})
    return rows


def table(work, rows):
    grid = "²" if work.dimension == 2 else "³"
    lines = ["| cells | program | cpu s | stepping s | otto faster, cpu | otto faster, stepping | "
             "L1 to exact | F − F exact | mass − 1 |", "|---" * 9 + "|"]
    otto = {r["cells"]: r for r in rows if r["label"] == "otto"}
    for r in rows:
        o = otto[r["cells"]]
        lines.append(
            f"| {r['cells']}{grid} | {r['label']} | {r['cpu']:.2f} | {r['stepping']:.3f} | "
            f"{o['cpu_ratio'] / r['cpu_ratio']:.2f}× | {o['stepping_ratio'] / r['stepping_ratio']:.2f}× | "
            f"{r['l1']:.2e} | {r['energy']:.1e} | {r['mass']:.0e} |")
    return "\n".join(lines)


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} × {model}"


def main(work, default_cells, description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("cells", nargs="*", type=int, metavar="N", help=f"cells per axis, a power of two "
                        f"up to 1024 (default: {' '.join(map(str, default_cells))})")
    parser.add_argument("--repeats", type=int, default=3, metavar="K", help="runs of each (default: 3)")
    parser.add_argument("--reference", action="append", default=[], metavar="FILE.c",
                        help="also compare with this program: " + reference_program.__doc__)
    parser.add_argument("--otto", default=os.path.join(ROOT, "build", "otto"), help="the executable")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
                        help="passed on to otto")
    parser.add_argument("--write", metavar="FILE.md", help="also write the table, as Markdown")
    arguments = parser.parse_args()
    here = os.path.join(ROOT, "bench", "baselines")
    programs = [
        Program("plain PETSc", os.path.join(here, "plain_petsc.c"),
                "{program} -dim {dim} -cells {cells} -steps {steps} -time {time} -levels {levels} "
                "-output {out}"),
        Otto(arguments.otto, arguments.settings),
        Program("one core, no library", os.path.join(here, "bandwidth_limit.cpp"),
                "{program} {dim} {cells} {steps} {time} {out}")]
    for source in arguments.reference:
        program = reference_program(source)
        if work.dimension == 2 or "{dim}" in program.command:
            programs.append(program)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            program.build(folder)
        for cells in arguments.cells or default_cells:
            rows += compare(work, programs, cells, arguments.repeats, folder)
    text = table(work, rows)
    print(text)
    if arguments.write:
        write(arguments.write, work, arguments, text)


def machine_line():
    """Date, revision, processor and load, for the head of a table."""
    revision = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], text=True,
                              capture_output=True, check=False).stdout.strip()
    return (f"{time.strftime('%Y-%m-%d')}, revision {revision or 'unknown'}, {machine()}; "
            f"load average at the end {os.getloadavg()[1]:.1f} (1 where the machine had nothing else to do).")


def write(name, work, arguments, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(f"### {work.name}\n\n{work.steps} implicit Euler steps to T = {work.end}, relative "
                   f"residual 1e-8, one process each, medians of {arguments.repeats} interleaved runs.\n"
                   f"{machine_line()}\n\n{text}\n")
