"""What the restart and fault tests share: a small case, ways to run it, and comparisons of what runs leave."""

import csv
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np

OTTO = os.environ["OTTO"]

CASE = """
title = "Relaxation in a double well"
[mesh]
kind = "box"
lower = [-2.0, -1.5]
upper = [2.0, 1.5]
cells = [20, 12]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "2*(x^2-1)^2 + 2*y^2"
[initial]
kind = "gaussian"
mean = [-1.0, 0.0]
variance = 0.1
[time]
scheme = "implicit_euler"
step = 0.01
end = 0.4
[output]
every = 0.05
"""


def sets(**keys):
    """Words for the command line; time__end=1 is --set time.end=1."""
    words = []
    for key, value in keys.items():
        words += ["--set", f"{key.replace('__', '.')}={value}"]
    return words


def command(case, out, *words, ranks=1, verb="run"):
    line = [OTTO, verb, str(case), "-o", str(out), *map(str, words)]
    return line if ranks == 1 else ["mpirun", "--oversubscribe", "-n", str(ranks), *line]


def run(case, out, *words, ranks=1, timeout=120, fault=None, **options):
    environment = dict(os.environ)
    if fault:
        environment["OTTO_FAULT"] = fault
    return subprocess.run(command(case, out, *words, ranks=ranks), capture_output=True, text=True,
                          timeout=timeout, env=environment, **options)


def start(case, out, *words, ranks=1, **variables):
    return subprocess.Popen(command(case, out, *words, ranks=ranks), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=dict(os.environ, **variables))


def ranks_of(process):
    """Process ids of the ranks, by what they run: the launcher's children, or the process itself."""
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True,
                              check=False).stdout.split()
    return [int(c) for c in children] or [process.pid]


def history(out):
    with open(Path(out) / "history.csv", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def without_clock(rows):
    return [{k: v for k, v in row.items() if k != "wall_seconds"} for row in rows]


def summary(out):
    return json.loads((Path(out) / "summary.json").read_text(encoding="utf-8"))


def density(file):
    with h5py.File(file) as f:
        return f["cells/density"][()]


def final(out):
    return density(Path(out) / "final.h5")


def series(out):
    folder = Path(out) / "fields"
    listed = json.loads((folder / "density.hdf.series").read_text(encoding="utf-8"))["files"]
    return [(f["time"], folder / f["name"]) for f in listed]


def series_values(out):
    """(time, densities in the order of the cells' places) of every file."""
    values = []
    for moment, file in series(out):
        with h5py.File(file) as f:
            grid = f["VTKHDF"]
            points, cells = grid["Points"][()], grid["NumberOfCells"][()]
            counts, ids = grid["NumberOfPoints"][()], grid["NumberOfConnectivityIds"][()]
            connectivity, offsets = grid["Connectivity"][()], grid["Offsets"][()]
            data, centers = grid["CellData/density"][()], []
            p = i = o = 0
            for part, n in enumerate(cells):
                for c in range(n):
                    corners = connectivity[i + offsets[o + c]:i + offsets[o + c + 1]]
                    centers.append(points[p + corners].mean(axis=0))
                p, i, o = p + counts[part], i + ids[part], o + n + 1
        values.append((moment, data[np.lexsort(np.round(centers, 9).T)]))
    return values


def checkpoints(out):
    return sorted(f.stem for f in (Path(out) / "checkpoints").glob("ck-*.json"))


def leftovers(out):
    return sorted(str(f) for f in Path(out).rglob("*.part"))


def check_series(test, got, wanted, tolerance=0.0):
    a, b = series_values(got), series_values(wanted)
    test.assertEqual([t for t, _ in a], [t for t, _ in b])
    for (_, x), (_, y) in zip(a, b):
        np.testing.assert_allclose(x, y, rtol=0, atol=tolerance)
    names = {f.name for _, f in series(got)}
    test.assertEqual(len(names), len(a), "a file stands for two times")


def check_same(test, got, wanted, tolerance=0.0, counts=True):
    """A resumed run left what the uninterrupted one did; to the last bit where the tolerance is 0. `counts`: also in as
    many linear iterations, of which a solve that is kept with a matrix is one."""
    if tolerance == 0:
        test.assertTrue((final(got) == final(wanted)).all())
        rows = [[{k: v for k, v in row.items() if counts or k != "linear_iterations"} for row in without_clock(history(out))]
                for out in (got, wanted)]
        test.assertEqual(*rows)
    np.testing.assert_allclose(final(got), final(wanted), rtol=0, atol=tolerance)
    steps = [int(row["step"]) for row in history(got)]
    test.assertEqual(steps, list(range(len(history(wanted)))))
    clock = [float(row["wall_seconds"]) for row in history(got)]
    test.assertEqual(clock, sorted(clock))
    check_series(test, got, wanted, tolerance)
    s, t = summary(got), summary(wanted)
    test.assertEqual(s["status"], "completed")
    test.assertEqual(s["time"], t["time"])
    if tolerance == 0:
        for part in ("mass", "min_density", "energy", *(["solver"] if counts else []), "fingerprint"):
            test.assertEqual(s[part], t[part], part)
    test.assertEqual(leftovers(got), [])


class Places:
    """Random corruptions of a checkpoint; the seed replays them."""

    kinds = ("flip", "truncate", "zero", "no_seal", "no_data", "swap_data", "swap_seal", "flip_seal",
             "truncate_seal", "append")

    def __init__(self, seed):
        self.random = random.Random(seed)

    def damage(self, folder, stem, other):
        """Damages one checkpoint; returns (kind, byte offset) or None where nothing changed."""
        r, kind = self.random, self.random.choice(self.kinds)
        data, seal = folder / f"{stem}.h5", folder / f"{stem}.json"
        file = seal if kind.endswith("_seal") else data
        content = bytearray(file.read_bytes())
        at = r.randrange(len(content))
        if kind.startswith("flip"):
            content[at] ^= 1 << r.randrange(8)
        elif kind.startswith("truncate"):
            del content[at:]
        elif kind == "zero":
            end = min(len(content), at + r.randrange(1, 4096))
            if not any(content[at:end]):
                return None
            content[at:end] = bytes(end - at)
        elif kind == "append":
            content += bytes([r.randrange(256)] * r.randrange(1, 5000))
        elif kind.startswith("swap"):
            twin = folder / (f"{other}.json" if kind == "swap_seal" else f"{other}.h5")
            content, rest = bytearray(twin.read_bytes()), content
            if kind == "swap_data" and content == rest:
                return None
        if kind.startswith("no_"):
            file.unlink()
        else:
            file.write_bytes(content)
        return kind, at


def kill_all(process, number=signal.SIGKILL):
    for pid in ranks_of(process):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    if process.poll() is None:
        process.kill()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nothing happened")
        time.sleep(0.01)
