"""A command that fails before its first step leaves the folder of an earlier, finished one bit for bit as it was; the
results of another case in a folder are kept."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

for path in (Path(__file__).parents[1], Path(__file__).parents[1] / "restart"):
    sys.path.insert(0, str(path))
import runs  # noqa: E402  pylint: disable=wrong-import-position
from answers import otto  # noqa: E402  pylint: disable=wrong-import-position
from runs import OTTO, sets  # noqa: E402  pylint: disable=wrong-import-position

TORCH = Path(OTTO).parent / "libotto_torch.so"
TRAIN = """
[mesh]
lower = [-4.0, -4.0]
upper = [4.0, 4.0]
cells = [12, 12]
[data]
library = "moons"
[network]
kind = "quadratic"
[train]
iterations = 2
"""
DRIFT = 'drift.expression=["y", "-x"]'


def one(*settings):
    """--set words of settings written out."""
    return [word for s in settings for word in ("--set", s)]


# name, words for `otto run`, expected status, OTTO_FAULT
WAYS = [
    ("a misspelt key", one("time.stepp=0.1"), 2),
    ("a misspelt table", one("tyme.step=0.1"), 2),
    ("a step of the wrong sign", one("time.step=-1"), 2),
    ("an end before the start", one("time.end=-1"), 2),
    ("no cells", one("mesh.cells=[0, 12]"), 2),
    ("cells that are no numbers", one('mesh.cells="many"'), 2),
    ("corners the wrong way round", one("mesh.lower=[3.0, 3.0]"), 2),
    ("an unknown kind of mesh", one('mesh.kind="bux"'), 2),
    ("a mesh file that is not there", one('mesh.kind="gmsh"', 'mesh.file="none.msh"'), 2),
    ("a damaged mesh file", one('mesh.kind="gmsh"', 'mesh.file="damaged.msh"'), 2),
    ("more cells than memory", one("mesh.cells=[2000000000, 2000000000]"), 2),
    ("an expression that does not end", one('energy[2].expression="2*(x^2"'), 2),
    ("an unknown variable", one('energy[2].expression="q^2"'), 2),
    ("an energy that is not finite", one('energy[2].expression="log(x)"'), 2),
    ("a negative temperature", one("energy[1].temperature=-1"), 2),
    ("two entropies", one('energy[3].kind="entropy"', "energy[3].temperature=2"), 2),
    ("an unknown kind of energy", one('energy[3].kind="enthalpy"'), 2),
    ("an unknown library", one('energy[3].kind="external"', 'energy[3].library="muller_black"'), 2),
    ("an unknown kernel", one('energy[3].kind="interaction"', 'energy[3].library="gravity"'), 2),
    ("a table that is not there", one('energy[3].kind="external"', 'energy[3].table="none.h5"'), 2),
    ("a damaged table", one('energy[3].kind="external"', 'energy[3].table="damaged.h5"'), 2),
    ("a table without values", one('energy[3].kind="external"', 'energy[3].table="empty.h5"'), 2),
    ("a network that is not there", one('energy[3].kind="external"', 'energy[3].network="none.pt"'), 2),
    ("a damaged network", one('energy[3].kind="external"', 'energy[3].network="damaged.pt"'), 2),
    ("an unknown region", one('energy[3].kind="external"', 'energy[3].expression="x"',
                              'energy[3].region="moon"'), 2),
    ("an unknown initial density", one('initial.kind="gausian"'), 2),
    ("an initial density that is nothing", one('initial.kind="expression"', 'initial.expression="0*x"'), 2),
    ("a negative initial density", one('initial.kind="expression"', 'initial.expression="-1-x^2"'), 2),
    ("an initial table that is not there", one('initial.kind="table"', 'initial.file="none.h5"'), 2),
    ("an initial table of another mesh", one('initial.kind="table"', 'initial.file="other.h5"'), 2),
    ("a negative variance", one("initial.variance=-0.1"), 2),
    ("a mean of too many numbers", one("initial.mean=[0.0, 0.0, 0.0, 0.0]"), 2),
    ("a negative mass", one("initial.mass=-1.0"), 2),
    ("an unknown scheme", one('time.scheme="explicit_euler"'), 2),
    ("a scheme that cannot adapt", one("time.adaptive=true"), 2),
    ("a linear scheme for a nonlinear energy", one('time.scheme="crank_nicolson"',
                                                   'energy[3].kind="power"', "energy[3].exponent=2"), 2),
    ("an unknown flux", one('flux.kind="downwind"'), 2),
    ("a flux without rates for a drift", one('flux.kind="simplex"', DRIFT), 2),
    ("a drift of one component", one('drift.expression=["y"]'), 2),
    ("an unknown side", one('boundary.absorbing=["north"]'), 2),
    ("an exit time without an exit", one("analysis.mean_exit_time=true"), 2),
    ("half a committor", one('analysis.committor_from="x_min"'), 2),
    ("a committor from where it leads to", one('analysis.committor_from="x"',
                                               'analysis.committor_to="x-0.5"'), 2),
    ("a damaged exact density", one('exact.density="exp(-x"'), 2),
    ("an estimate of unequal cells", one("accuracy.estimate=true", "mesh.grading=[1.1, 1.0]"), 2),
    ("an unknown format", one('output.format="gif"'), 2),
    ("an unknown field", one('output.fields=["pressure"]'), 2),
    ("outputs of the wrong sign", one("output.every=-1"), 2),
    ("no wall time", one("run.wall_minutes=0"), 2),
    ("too few checkpoints", one("checkpoint.keep=1"), 2),
    ("a misspelt option for PETSc", ["--", "-ksp_rtool", "1e-8"], 2),
    ("a misspelt option in [petsc]", one("petsc.ksp_rtool=1e-8"), 2),
    ("a word that is no option", ["--", "ksp_rtol", "1e-8"], 2),
    ("no iterations for the solver", ["--", "-ksp_max_it", "0"], 3),
    ("a checkpoint that is not there", ["--resume", "nowhere"], 2),
    ("a damaged checkpoint", ["--resume", "damaged/checkpoints/ck-000002"], 4),
    ("a checkpoint of another case", ["--resume", "whole", *one("energy[1].temperature=3")], 2),
    ("an unknown key that may change", ["--resume", "auto", "--allow-change", "time.sstep"], 2),
    ("an unknown option", ["--resum", "auto"], 2),
    ("no memory for the set-up", [], 2, "place=setup,kind=memory"),
    ("a defect before the stepper", [], 5, "place=stepper,kind=error"),
    ("a defect at the initial density", [], 5, "place=initial,kind=error"),
    ("a defect before the loop", [], 5, "place=watch,kind=error"),
    ("a density that is not finite", [], 3, "place=density,kind=nan,visit=1"),
    ("a solve that fails in the first step", [], 5, "place=solve,kind=error"),
    ("a process that is killed in the first step", [], None, "place=step,kind=kill"),
]


def content(folder):
    """Everything below a folder: file names and their bytes, and the folders."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
            for p in sorted(folder.rglob("*"))}


class Used(unittest.TestCase):
    """A finished run, and what is wrong in every way."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="otto-start-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        (cls.folder / "case.toml").write_text(runs.CASE, encoding="utf-8")
        for name in ("damaged.msh", "damaged.h5", "damaged.pt"):
            (cls.folder / name).write_bytes(b"\x89HDF\r\n nothing of the kind" * 40)
        with h5py.File(cls.folder / "empty.h5", "w") as file:
            file["cells/center"] = np.zeros((3, 2))
        every = sets(checkpoint__every_steps=10)
        cls.run_otto("run", "case.toml", "-o", "whole", *every)
        shutil.copytree(cls.folder / "whole", cls.folder / "damaged")
        seal = cls.folder / "damaged/checkpoints/ck-000002.json"
        for stem in runs.checkpoints(cls.folder / "damaged")[:1]:
            shutil.copy(cls.folder / f"damaged/checkpoints/{stem}.h5", seal.with_suffix(".h5"))
        seal.write_text("{}", encoding="utf-8")
        cls.run_otto("run", "case.toml", "-o", "small", *one("mesh.cells=[5, 7]"))
        shutil.copy(cls.folder / "small/final.h5", cls.folder / "other.h5")
        (cls.folder / "whole/pictures").mkdir()
        (cls.folder / "whole/pictures/density.png").write_bytes(b"a picture")

    @classmethod
    def run_otto(cls, *words, ranks=1, fault=None, status=0, limit=None):
        def limit_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        environment = dict(os.environ, **({"OTTO_FAULT": fault} if fault else {}))
        launch = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks > 1 else []
        done = subprocess.run([*launch, OTTO, *map(str, words)], cwd=cls.folder, text=True, timeout=120,
                              capture_output=True, env=environment, check=False,
                              preexec_fn=limit_files if limit else None)
        if status == 0 and done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done


class FailedStarts(Used):
    def complaint(self, way, ranks):
        """What is wrong after one failed start, or ''."""
        name, words, status, fault = (*way, None)[:4]
        before = tempfile.mkdtemp(prefix="used-", dir=self.folder)
        out = Path(before) / "out"
        shutil.copytree(self.folder / "whole", out)
        was = content(out)
        command = ["run", "case.toml", "-o", out, *words]
        if fault or WAYS.index(way) % 5 == 0:  # also what the end of a process writes
            done = self.run_otto(*command, ranks=ranks, fault=fault, status=None)
        else:
            done = otto(command, self.folder, ranks, timeout=120)
        problem = ""
        if done.returncode == 0 or (status is not None and done.returncode != status):
            problem = f"status {done.returncode}: {done.stderr}"
        now = content(out)
        if now != was:
            problem += " changed: " + ", ".join(sorted(k for k in {**was, **now} if was.get(k) != now.get(k)))
        shutil.rmtree(before)
        return f"{name} on {ranks} rank(s): {problem}" if problem else ""

    def check(self, ways, ranks):
        wrong = [w for w in (self.complaint(way, ranks) for way in ways) if w]
        print(f"{len(ways) - len(wrong)} of {len(ways)} failed starts on {ranks} rank(s) left all as it was",
              flush=True)
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_the_folder_stays_as_it_was(self):
        self.assertGreaterEqual(len(WAYS), 50)
        self.check(WAYS, 1)

    def test_on_three_ranks(self):
        self.check(WAYS[1::5] + [w for w in WAYS if len(w) == 4], 3)

    def test_other_commands(self):
        """The folder of a finished study, sweep, training, spectrum and distance, and a start of each that fails."""
        train = self.folder / "train.toml"
        train.write_text(TRAIN, encoding="utf-8")
        self.run_otto("run", "case.toml", "-o", "more", *one("initial.mass=2.0"))
        for name, good, bad in (
                ("spectrum", ["spectrum", "case.toml", "-k", "2"],
                 ["spectrum", "case.toml", *one('energy[3].kind="power"', "energy[3].exponent=2")]),
                ("converge", ["converge", "case.toml", "--levels", "2", "--refine", "space"],
                 ["converge", "case.toml", *one('energy[3].kind="external"', 'energy[3].table="none.h5"')]),
                ("distance", ["distance", "whole/final.h5", "whole/final.h5", "--intervals", "4"],
                 ["distance", "whole/final.h5", "more/final.h5"]),
                ("sweep", ["sweep", "case.toml", "--over", "energy.temperature=0.5:1:2"],
                 ["sweep", "case.toml", "--over", "energy.temperature=-1:1:2"]),
                ("sweep of a table", ["sweep", "case.toml", "--over", "energy.temperature=0.5:1:2"],
                 ["sweep", "case.toml", "--over", "energy.temperature=0.5:1:2",
                  *one('energy[3].kind="external"', 'energy[3].table="none.h5"')]),
                ("train", ["train", "train.toml"], ["train", "train.toml", *one('data.table="none.h5"')]),
                ("train with a drift", ["train", "train.toml"], ["train", "train.toml", *one(DRIFT)])):
            if name.startswith("train") and not TORCH.exists():
                continue
            with self.subTest(command=name):
                out = self.folder / f"of_{name.replace(' ', '_')}"
                self.run_otto(*good, "-o", out)
                was = content(out)
                done = self.run_otto(*bad, "-o", out, status=None)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(content(out), was)

    def test_a_run_after_a_failed_start_is_what_it_would_have_been(self):
        out = self.folder / "again"
        shutil.copytree(self.folder / "whole", out)
        for number in range(2):
            self.run_otto("run", "case.toml", "-o", out, *one("time.step=0.02"),
                          *(one('energy[3].kind="interaction"', 'energy[3].library="gravity"')
                            if number == 0 else []), status=None if number == 0 else 0)
        fresh = self.folder / "fresh"
        self.run_otto("run", "case.toml", "-o", fresh, *one("time.step=0.02"))
        runs.check_same(self, out, fresh)
        self.assertEqual(list((out / "pictures").iterdir()), [], "the pictures of the earlier run")

    def test_a_limit_of_file_sizes_keeps_the_earlier_results(self):
        """Where a file of the start does not fit, in their places; later in a folder of their own. The next run takes over."""
        was = content(self.folder / "whole")
        results = ("case.resolved.toml", "final.h5", "history.csv", "log.txt", "summary.json")
        for kilobytes in (1, 2, 4, 16):
            with self.subTest(kilobytes=kilobytes):
                out = self.folder / f"limited_{kilobytes}"
                shutil.copytree(self.folder / "whole", out)
                done = self.run_otto("run", "case.toml", "-o", out, *one("time.step=0.02"), status=None,
                                     limit=1024 * kilobytes)
                self.assertEqual(done.returncode, 4, done.stderr)
                now = content(out)
                self.assertTrue(now == was if kilobytes == 1 else True)
                if now != was:
                    self.assertIn("the results of the last run in this folder are kept in before-1", done.stderr)
                    for name in [n for n in was if n in results or n.startswith("fields")]:
                        self.assertEqual(now[f"before-1/{name}"], was[name], name)
        fresh = self.folder / "unlimited"
        self.run_otto("run", "case.toml", "-o", fresh)
        self.run_otto("run", "case.toml", "-o", fresh)
        self.assertFalse((fresh / "before-1").exists())

    def test_a_failure_later_keeps_the_earlier_results_and_every_row(self):
        was = content(self.folder / "whole")
        for name, more in (("over", True), ("alone", False)):
            out = self.folder / f"failed_{name}"
            if more:
                shutil.copytree(self.folder / "whole", out)
            done = self.run_otto("run", "case.toml", "-o", out, *one("time.step=0.01", 'drift.expression=["t > 0.055 ? 1/(x-x) : 0", "0"]'),
                                 status=None)
            self.assertEqual(done.returncode, 3, done.stderr)
            rows = (out / "history.csv").read_text(encoding="utf-8").splitlines()
            self.assertEqual(rows[-1].split(",")[0], "5", "a step whose row is missing")
            self.assertFalse((out / "final.h5").exists(), "the earlier run's")
            if more:
                self.assertIn("kept in before-1", done.stderr)
                kept = content(out / "before-1")
                self.assertEqual({n: kept[n] for n in kept if not n.startswith("pictures")},
                                 {n: was[n] for n in was if not n.startswith(("pictures", "checkpoints"))})

    def test_a_name_that_is_no_text(self):
        folder = os.fsencode(self.folder) + b"/b\xe4d"
        os.mkdir(folder)
        shutil.copy(self.folder / "case.toml", folder + b"/case.toml")
        for _ in range(2):  # the second is the same case again, not another one's
            done = subprocess.run([os.fsencode(OTTO), b"run", folder + b"/case.toml", b"-o", folder + b"/out"], check=False,
                                  capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"before-1", os.listdir(folder + b"/out"))
        self.assertIn(b"summary.json", os.listdir(folder + b"/out"))

    def test_moving_energies_start_the_same_in_a_used_folder(self):
        """What is written late, after the first step, is that of the start."""
        moving = one('energy[2].expression="2*(x^2-1)^2 + 2*y^2 + x*sin(5*t)"',
                     'output.fields=["external_energy", "chemical_potential"]')
        used, fresh = self.folder / "used", self.folder / "unused"
        shutil.copytree(self.folder / "whole", used)
        for out in (used, fresh):
            self.run_otto("run", "case.toml", "-o", out, *moving, ranks=2)
        runs.check_same(self, used, fresh)
        for name in ("density_0000.hdf", "density_0001.hdf"):
            with h5py.File(used / "fields" / name) as a, h5py.File(fresh / "fields" / name) as b:
                for field in ("external_energy", "chemical_potential"):
                    np.testing.assert_array_equal(a[f"VTKHDF/CellData/{field}"][()],
                                                  b[f"VTKHDF/CellData/{field}"][()])


class OtherCases(Used):
    """A folder that holds the results of another case."""

    def test_its_results_are_kept(self):
        out = self.folder / "shared"
        shutil.copytree(self.folder / "whole", out)
        (out / "notes.txt").write_text("mine", encoding="utf-8")
        was = content(self.folder / "whole")
        (self.folder / "other.toml").write_text(runs.CASE.replace("0.4", "0.1"), encoding="utf-8")
        done = self.run_otto("run", "other.toml", "-o", out)
        self.assertIn("the results of another case in this folder are kept in before-1", done.stderr)
        self.assertEqual(content(out / "before-1"), was)
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         ["before-1", "case.resolved.toml", "fields", "final.h5", "history.csv", "log.txt",
                          "notes.txt", "summary.json"])
        self.assertEqual(len(runs.history(out)), 11)
        # the same case again replaces its own results, whatever is set
        for words in ([], one("time.end=0.2")):
            done = self.run_otto("run", "other.toml", "-o", out, *words)
            self.assertEqual(done.stderr, "")
            self.assertFalse((out / "before-2").exists())
        self.run_otto("run", "case.toml", "-o", out)
        self.assertTrue((out / "before-2/final.h5").exists())


if __name__ == "__main__":
    unittest.main()
