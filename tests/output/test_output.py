"""What a run leaves in its folder: layout, order, times, and what is left when it ends early."""

import csv
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import answers  # noqa: E402

OTTO = os.environ["OTTO"]
PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))  # times as long as usual: sanitizers
COLUMNS = ("step,time,dt,mass,min_density,max_density,free_energy,dissipation,edi_gap,"
           "newton_iterations,linear_iterations,wall_seconds,refused,fallback").split(",")

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
end = 0.1
[output]
every = 0.04
[solver]
rtol = 1e-12
"""
LONG = ("--set", "time.end=1e6", "--set", "time.step=1e-3", "--set", "output.every=1e4")


def otto(*words, ranks=1, **options):
    command = [OTTO, *map(str, words)]
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=120 * PATIENCE, **options)


def read_history(folder):
    with open(folder / "history.csv", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_summary(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def read_series(folder):
    files = json.loads((folder / "fields/density.hdf.series").read_text(encoding="utf-8"))["files"]
    return [(f["time"], folder / "fields" / f["name"]) for f in files]


def read_final(folder):
    with h5py.File(folder / "final.h5") as f:
        return {k: f["cells"][k][()] for k in f["cells"]} | {"time": f.attrs["time"]}


def by_place(centers, values):
    """Values in the lexicographic order of their places."""
    places = np.round(centers, 9) + 0.0
    return values[np.lexsort(places.T)]


def vtkhdf_cells(file):
    """Centres and cell data of a VTKHDF file, all its parts."""
    with h5py.File(file) as f:
        g = f["VTKHDF"]
        parts = zip(g["NumberOfPoints"][()], g["NumberOfCells"][()], g["NumberOfConnectivityIds"][()])
        points, ids, offsets = g["Points"][()], g["Connectivity"][()], g["Offsets"][()]
        p = c = k = 0
        centers = []
        for n_points, n_cells, n_ids in parts:
            own = points[p:p + n_points][ids[k:k + n_ids]]
            bounds = offsets[c:c + n_cells + 1]
            centers += [own[a:b].mean(axis=0) for a, b in zip(bounds[:-1], bounds[1:])]
            p, c, k = p + n_points, c + n_cells + 1, k + n_ids
        return np.array(centers), {name: g["CellData"][name][()] for name in g["CellData"]}


def environment_under_a_limit():
    """Open MPI 5 shares memory through files, which a limit on their size forbids: by the loopback then."""
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=True).stdout
    loopback = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_btl_tcp_if_include": "lo"}
    return {**os.environ, **({} if "(Open MPI) 4." in version else loopback)}


class Runs(unittest.TestCase):
    own_process = False  # of each run: where it ends early

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="otto-test-")
        self.addCleanup(self.scratch.cleanup)
        self.folder = Path(self.scratch.name)
        self.case = self.folder / "case.toml"
        self.case.write_text(CASE, encoding="utf-8")

    def run_case(self, out, *words, ranks=1, status=0, **options):
        words = ["run", self.case, "-o", self.folder / out, *words]
        done = otto(*words, ranks=ranks, **options) if self.own_process else answers.otto(words, ranks=ranks, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return self.folder / out, done


class Layout(Runs):
    def test_everything_is_there(self):
        out, done = self.run_case("out")
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         ["case.resolved.toml", "fields", "final.h5", "history.csv", "log.txt",
                          "summary.json"])
        rows = read_history(out)
        self.assertEqual(list(rows[0])[:len(COLUMNS)], COLUMNS)
        self.assertEqual([int(r["step"]) for r in rows], list(range(11)))
        self.assertTrue(all(None not in r and None not in r.values() for r in rows))
        self.assertEqual([t for t, _ in read_series(out)], [0, 0.04, 0.08, 0.1])
        log = (out / "log.txt").read_text(encoding="utf-8")
        self.assertFalse([c for c in log if ord(c) < 32 and c != "\n"])
        for line in done.stdout.splitlines():
            self.assertIn(line, log)

    def test_summary_has_the_keys_of_the_contract(self):
        out, _ = self.run_case("out")
        s, rows, final = read_summary(out), read_history(out), read_final(out)
        self.assertEqual((s["status"], s["ranks"]), ("completed", 1))
        self.assertEqual(s["mesh"], {"kind": "box", "dimension": 2, "cells": 240})
        self.assertEqual((s["time"]["scheme"], s["time"]["steps"], s["time"]["rejected"]),
                         ("implicit_euler", 10, 0))
        self.assertEqual(s["time"]["end"], 0.1)
        self.assertEqual(s["mass"]["final"], float(rows[-1]["mass"]))
        self.assertLess(s["mass"]["max_relative_drift"], 1e-11)
        self.assertEqual(s["min_density"], min(float(r["min_density"]) for r in rows))
        energies = [float(r["free_energy"]) for r in rows]
        self.assertEqual((s["energy"]["initial"], s["energy"]["final"]), (energies[0], energies[-1]))
        self.assertEqual(s["energy"]["max_increase"], 0)
        gaps = [float(r["edi_gap"]) for r in rows]
        self.assertEqual(s["energy"]["edi_gap"], max(gaps, key=abs))
        linear = [int(r["linear_iterations"]) for r in rows]
        self.assertEqual(s["solver"]["linear_iterations"], sum(linear))
        self.assertIn("newton_iterations", s["solver"])
        self.assertIn("max_linear_iterations", s["solver"])
        seconds = s["seconds"]
        self.assertLessEqual(seconds["setup"] + seconds["solve"] + seconds["output"], seconds["total"])
        for key in ("memory_mb", "fingerprint", "version", "revision"):
            self.assertTrue(s[key])
        mass = float(s["fingerprint"].split()[1])
        self.assertAlmostEqual(mass, float(np.sum(final["volume"] * final["density"])), 9)

    def test_free_energy_and_gibbs_distance_are_those_of_the_state(self):
        out, _ = self.run_case("out")
        row, final = read_history(out)[-1], read_final(out)
        x, y = final["center"].T
        volume, rho, energy = final["volume"], final["density"], 2 * (x**2 - 1)**2 + 2 * y**2
        self.assertAlmostEqual(float(row["free_energy"]),
                               float(np.sum(volume * rho * (np.log(rho) + energy))), 13)
        pi = np.exp(-energy)
        pi *= np.sum(volume * rho) / np.sum(volume * pi)
        self.assertAlmostEqual(float(row["kl_gibbs"]),
                               float(np.sum(volume * rho * np.log(rho / pi))), 13)

    def test_the_gibbs_distance_tends_to_zero(self):
        out, _ = self.run_case("out", "--set", "time.end=60", "--set", "time.step=0.5",
                              "--set", "output.every=0")
        self.assertLess(abs(float(read_history(out)[-1]["kl_gibbs"])), 1e-12)

    def test_the_last_field_is_the_final_state(self):
        for ranks in (1, 3):
            out, _ = self.run_case(f"out{ranks}", ranks=ranks)
            final = read_final(out)
            when, file = read_series(out)[-1]
            self.assertEqual(when, final["time"])
            centers, data = vtkhdf_cells(file)
            np.testing.assert_array_equal(by_place(centers[:, :2], data["density"]),
                                          by_place(final["center"], final["density"]))
            with h5py.File(file) as f:
                self.assertEqual(list(f["VTKHDF"].attrs["Version"]), [1, 0])
                self.assertEqual(f["VTKHDF"].attrs["Type"], b"UnstructuredGrid")
                self.assertEqual(len(f["VTKHDF/NumberOfCells"]), ranks)
                self.assertEqual(int(f.attrs["ranks"][0]), ranks)
            self.assertLess(file.stat().st_size, 240 * 8 + 16384)

    def test_the_order_does_not_depend_on_the_ranks(self):
        first = None
        for ranks in (1, 2, 3, 4):
            out, _ = self.run_case(f"out{ranks}", ranks=ranks)
            final, summary = read_final(out), read_summary(out)
            self.assertEqual(final["center"].shape, (240, 2))
            if first is None:
                first, print_ = final, summary["fingerprint"]
                continue
            np.testing.assert_array_equal(final["center"], first["center"])
            np.testing.assert_array_equal(final["volume"], first["volume"])
            np.testing.assert_allclose(final["density"], first["density"], rtol=1e-9)
            for mine, theirs in zip(summary["fingerprint"].split(), print_.split()):
                try:
                    self.assertAlmostEqual(float(mine), float(theirs), 8)
                except ValueError:
                    self.assertEqual(mine, theirs)

    def test_chosen_fields(self):
        out, _ = self.run_case("out", "--set", 'output.fields=["chemical_potential", "volume", '
                               '"external_energy", "rank"]', ranks=2)
        for _, file in read_series(out):
            centers, data = vtkhdf_cells(file)
            x, y = centers[:, 0], centers[:, 1]
            np.testing.assert_allclose(data["external_energy"], 2 * (x**2 - 1)**2 + 2 * y**2,
                                       rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(data["volume"], 0.05, rtol=1e-12)
            np.testing.assert_allclose(data["chemical_potential"],
                                       np.log(data["density"]) + data["external_energy"], rtol=1e-12)
            self.assertEqual(sorted(set(data["rank"])), [0, 1])

    def test_no_series_where_none_is_wanted(self):
        out, _ = self.run_case("out", "--set", 'output.format="none"')
        self.assertFalse((out / "fields").exists())
        self.assertTrue((out / "final.h5").exists())

    def test_a_second_run_replaces_the_first(self):
        out, _ = self.run_case("out", "--set", "output.every=0.01")
        (out / "fields/notes.txt").write_text("mine", encoding="utf-8")
        self.run_case("out", "--set", "time.end=0.02")
        listed = {file.name for _, file in read_series(out)}
        self.assertEqual({p.name for p in (out / "fields").iterdir()},
                         listed | {"mesh.hdf", "density.hdf.series", "notes.txt"})
        self.assertEqual(len(read_history(out)), 3)

    def test_errors_against_the_exact_density(self):
        out, _ = self.run_case("out", "--set", 'exact.density="exp(-x^2-y^2)"')
        final, error = read_final(out), read_summary(out)["error"]
        self.assertEqual(set(error), {"l1", "l2", "linf", "kl", "reverse_kl"})
        x, y = final["center"].T
        rho, exact = final["density"], np.exp(-x**2 - y**2)
        rough = np.sum(final["volume"] * np.abs(rho - exact))
        self.assertAlmostEqual(error["l1"], float(rough), 1)
        rough = np.sum(final["volume"] * (exact * np.log(exact / rho) - exact + rho))
        self.assertAlmostEqual(error["kl"] / float(rough), 1, delta=0.1)
        self.assertGreater(error["l1"], 0.1)

    def test_a_drift_has_no_free_energy(self):
        self.case.write_text(CASE + '[drift]\nexpression = ["y", "-x"]\n', encoding="utf-8")
        out, _ = self.run_case("out")
        self.assertIs(read_summary(out)["energy"]["exists"], False)
        self.assertNotIn("kl_gibbs", read_history(out)[0])
        self.assertIn("no free energy", (out / "log.txt").read_text(encoding="utf-8"))


class EarlyEnds(Runs):
    own_process = True

    def check_usable(self, out):
        """The series and the history hold whole entries only."""
        if (out / "fields/density.hdf.series").exists():
            for _, file in read_series(out):
                _, data = vtkhdf_cells(file)
                self.assertTrue(np.all(np.isfinite(data["density"])))
        if (out / "history.csv").exists():
            text = (out / "history.csv").read_text(encoding="utf-8")
            self.assertTrue(text == "" or text.endswith("\n"))
        self.assertEqual([p for p in out.rglob("*.part")], [])

    def test_a_full_disk_is_status_4_and_names_the_file(self):
        """A small file system that fills up at one place after the other."""
        disk = self.folder / "disk"
        disk.mkdir()
        failed = set()
        for ranks, sizes in ((1, (4, 12, 60, 100, 116, 124, 140, 156, 168, 180)), (3, (60, 110, 140))):
            for size in sizes:
                words = ("-t", "tmpfs", "-o", f"size={size}k", "otto-test", disk)
                if subprocess.run(("mount", *words), capture_output=True, check=False).returncode:
                    self.skipTest("may not mount a small file system here")
                try:
                    failed.add(self.check_full(disk / "out", ranks))
                finally:
                    subprocess.run(("umount", disk), check=True)
        self.assertLessEqual({"history.csv", "mesh.hdf", "density_0000.hdf",
                              "density_0002.hdf", "density.hdf.series", "final.h5"}, failed)

    def check_full(self, out, ranks):
        """Runs onto a disk that is too small; returns the name of the file that failed."""
        _, done = self.run_case(out, "--set", "mesh.cells=[40,30]", status=4, ranks=ranks)
        self.assertIn("No space left on device", done.stderr)
        message = next(line for line in done.stderr.splitlines() if "No space" in line)
        name = Path(message.split("otto: ")[1].split(": ")[0])
        self.assertEqual(name.parts[:len(out.parts)], out.parts)
        self.assertFalse((out / "final.h5").exists())
        self.check_usable(out)
        return name.name

    @staticmethod
    def limit_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))  # MPI needs a few MB

    def test_a_file_size_limit_keeps_the_final_state_of_an_earlier_run(self):
        out, _ = self.run_case("out")
        before = (out / "final.h5").read_bytes()
        for ranks in (1, 2):
            self.run_case("out", "--set", 'output.format="none"', "--set", "mesh.cells=[400,400]",
                          "--set", "time.end=0.01", ranks=ranks, status=4,
                          preexec_fn=self.limit_files, env=environment_under_a_limit())
            self.assertEqual((out / "final.h5").read_bytes(), before)
            self.assertEqual(read_summary(out)["status"], "failed")
            self.assertIn("final.h5: cannot write: File too large", read_summary(out)["reason"])
            self.check_usable(out)

    def test_a_small_file_size_limit_is_status_4_on_every_rank(self):
        """Whether the launcher is under the limit as well, and where MPI's own files do not fit into it."""
        for blocks in (50, 3000):  # of 1024 bytes
            def limit(size=1024 * blocks):
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            for ranks in (1, 2):
                with self.subTest(blocks=blocks, ranks=ranks):
                    out, done = self.run_case(f"out{blocks}_{ranks}", "--set", "mesh.cells=[700,700]",
                                              "--set", "time.end=0.01", ranks=ranks, status=4,
                                              preexec_fn=limit, env=environment_under_a_limit())
                    self.assertIn("cannot write: File too large", done.stderr)
                    self.assertEqual(read_summary(out)["status"], "failed")

    def test_a_reader_that_goes_away_does_not_end_the_run(self):
        for ranks in (1, 2):
            command = [OTTO, "run", str(self.case), "-o", str(self.folder / f"out{ranks}")]
            if ranks > 1:
                command = ["mpirun", "--oversubscribe", "-n", str(ranks), *command]
            # Open MPI's mpirun may die of the signal itself, now and then, unless it is ignored for it
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  restore_signals=ranks == 1) as process:
                process.stdout.close()
                self.assertEqual(process.wait(60 * PATIENCE), 0, process.stderr.read())
            self.assertEqual(read_summary(self.folder / f"out{ranks}")["status"], "completed")
        with subprocess.Popen([OTTO, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            self.assertEqual((process.wait(60 * PATIENCE), process.stderr.read()), (0, b""))

    def test_a_folder_that_cannot_be_made(self):
        (self.folder / "taken").write_text("", encoding="utf-8")
        for ranks in (1, 3):
            for out in ("taken", "taken/below"):
                _, done = self.run_case(out, status=4, ranks=ranks)
                self.assertIn(str(self.folder / out), done.stderr)
                self.assertEqual(done.stderr.count("cannot create"), 1)

    def start(self, out, *words, ranks=1):
        command = [OTTO, "run", str(self.case), "-o", str(self.folder / out), *LONG, *words]
        if ranks > 1:
            command = ["mpirun", "--oversubscribe", "-n", str(ranks), *command]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        history = self.folder / out / "history.csv"
        deadline = time.monotonic() + 60 * PATIENCE
        while not (history.exists() and len(history.read_text(encoding="utf-8").splitlines()) > 3):
            self.assertIsNone(process.poll(), "ended too early")
            self.assertLess(time.monotonic(), deadline, "made no steps")
            time.sleep(0.05)
        return process

    def check_stopped(self, out, process):
        _, errors = process.communicate(timeout=60 * PATIENCE)
        self.assertEqual(process.returncode, 75, errors)
        summary, final = read_summary(out), read_final(out)
        self.assertEqual(summary["status"], "stopped")
        self.assertTrue(summary["reason"])
        rows, series = read_history(out), read_series(out)
        self.assertEqual(int(rows[-1]["step"]), summary["time"]["steps"])
        self.assertEqual(float(rows[-1]["time"]), final["time"])
        self.assertEqual(series[-1][0], final["time"])
        self.check_usable(out)

    def test_signals_stop_the_run_resumably(self):
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            process = self.start(f"out{number}")
            process.send_signal(number)
            self.check_stopped(self.folder / f"out{number}", process)

    def test_a_folder_serves_one_command_at_a_time(self):
        process = self.start("out")
        before = (self.folder / "out" / "case.resolved.toml").read_bytes()
        for ranks in (1, 2):
            _, done = self.run_case("out", status=4, ranks=ranks)
            self.assertIn("another command writes into this folder", done.stderr)
        self.assertEqual((self.folder / "out" / "case.resolved.toml").read_bytes(), before)
        process.send_signal(signal.SIGTERM)
        self.check_stopped(self.folder / "out", process)
        self.run_case("out")

    def test_a_removed_history_is_told(self):
        process = self.start("out")
        (self.folder / "out" / "history.csv").unlink()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60 * PATIENCE)
        self.assertEqual(process.returncode, 4, errors)
        self.assertIn("history.csv", errors)

    def test_a_signal_to_one_rank_stops_all(self):
        process = self.start("out", ranks=3)
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True,
                                  check=True).stdout.split()
        os.kill(int(children[-1]), signal.SIGTERM)
        self.check_stopped(self.folder / "out", process)

    def test_the_wall_time_stops_the_run_in_time(self):
        began = time.monotonic()
        process = self.start("out", "--set", "run.wall_minutes=0.05", ranks=2)
        self.check_stopped(self.folder / "out", process)
        self.assertLess(time.monotonic() - began, 6 * PATIENCE)
        self.assertIn("wall", read_summary(self.folder / "out")["reason"])


class VtkFormat(Runs):
    def test_a_missing_module_is_bad_input(self):
        lonely = self.folder / "bin" / "deep"
        lonely.mkdir(parents=True)
        shutil.copy(OTTO, lonely / "otto")
        for library in Path(OTTO).parent.glob("libotto.so*"):  # modules lie beside the library
            shutil.copy(library, lonely / library.name)
        done = subprocess.run([lonely / "otto", "run", self.case, "-o", self.folder / "out", "--set",
                               'output.format="vtk"'], capture_output=True, text=True, timeout=60 * PATIENCE,
                              env=dict(os.environ, LD_LIBRARY_PATH=str(lonely)))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("output.format", done.stderr)
        self.assertIn("VTK module", done.stderr)

    @unittest.skipUnless((Path(OTTO).parent / "libotto_vtk.so").exists(), "built without VTK")
    def test_xml_series(self):
        for ranks, kind in ((1, "vti"), (2, "pvti")):
            out, _ = self.run_case(f"out{ranks}", "--set", 'output.format="vtk"', ranks=ranks)
            index = (out / "fields/density.pvd").read_text(encoding="utf-8")
            self.assertEqual(index.count("<DataSet"), 4)
            self.assertIn(f'file="density_0003.{kind}"', index)
            self.assertTrue((out / f"fields/density_0003.{kind}").exists())


if __name__ == "__main__":
    unittest.main()
