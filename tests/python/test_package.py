"""import otto: runs in this process give the bits of the command line, and the host keeps its signals, its memory and
its exceptions."""

import os
import signal
import subprocess
import tempfile
import unittest
import unittest.mock

from python_support import DOUBLE_WELL, OTTO, ROOT, case

import numpy as np
import otto


def h5(path, name="density"):
    import h5py

    with h5py.File(path) as file:
        return file[f"cells/{name}"][()]


class Temporary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name


class Runs(Temporary):
    CASES = (("double_well_rates", ["time.end=0.01"]), ("barenblatt", ["mesh.cells=[32,32]", "time.end=1.1"]),
             ("jko_double_well", ["mesh.cells=[16,16]", "time.end=0.1"]))

    def test_same_bits_as_the_command_line(self):
        for name, settings in self.CASES:
            file = os.path.join(ROOT, "cases", name, "case.toml")
            whole = otto.Case(file)
            words = []
            for setting in settings:
                key, value = setting.split("=")
                whole[key] = __import__("json").loads(value)
                words += ["--set", setting]
            folder = os.path.join(self.out, name)
            subprocess.run([OTTO, "run", file, "-o", folder, *words], check=True, capture_output=True)
            run = otto.run(whole)
            self.assertTrue(np.array_equal(run.density, h5(os.path.join(folder, "final.h5"))), name)
            self.assertEqual(run.summary["fingerprint"], otto.open(folder).summary["fingerprint"])

    def test_a_run_and_its_parts(self):
        run = otto.run(DOUBLE_WELL, out=os.path.join(self.out, "run"))
        self.assertEqual(run.status, "completed")
        self.assertEqual((run.centers.shape, run.volumes.shape, run.density.shape), ((480, 2), (480,), (480,)))
        self.assertAlmostEqual(float(run.density @ run.volumes), 1.0, places=12)
        self.assertAlmostEqual(run.time, 0.1)
        self.assertEqual(run.history["step"].tolist(), list(range(11)))
        self.assertTrue(np.all(np.diff(run.history["free_energy"]) < 0))
        self.assertEqual([t for t, _ in run.fields()], [0.0, 0.05, 0.1])
        self.assertTrue(np.array_equal(otto.open(run.folder).density, run.density))
        figure = run.plot()
        self.assertGreater(len(figure.axes), 2)

    def test_without_a_folder_nothing_stays(self):
        run = otto.run(DOUBLE_WELL)
        folder = run.folder
        self.assertTrue(os.path.exists(folder))
        del run
        self.assertFalse(os.path.exists(folder))

    def test_other_commands(self):
        rates = otto.spectrum(DOUBLE_WELL, k=2).summary["spectrum"]["rates"]
        self.assertEqual(len(rates), 2)
        whole = otto.Case(case(mesh={"kind": "box", "lower": [-2.0], "upper": [2.0], "cells": [16]}, output={},
                               energy=[{"kind": "entropy", "temperature": 1.0}],
                               initial={"kind": "gaussian", "mean": [0.0], "variance": 0.1}))
        study = otto.converge(whole, levels=3, V=lambda x: x[:, 0]**2)
        self.assertEqual(study.table["level"].tolist(), [0, 1, 2] if study.table["level"][0] == 0 else [1, 2, 3])
        first, second = otto.run(DOUBLE_WELL), otto.run({**DOUBLE_WELL, "initial": {"kind": "uniform"}})
        w2 = otto.distance(first, second, tolerance=0.1).summary["distance"]["w2"]
        self.assertGreater(w2, 0.1)
        table = otto.sweep(DOUBLE_WELL, {"energy[1].temperature": [0.5, 1.0]}, out=os.path.join(self.out, "sweep"))
        self.assertEqual(len(table), 2)


class Cases(unittest.TestCase):
    def test_keys_by_path(self):
        whole = otto.Case(DOUBLE_WELL)
        self.assertEqual(whole["time.step"], 0.01)
        self.assertEqual(whole["mesh.cells"], [24, 20])
        self.assertEqual(whole["energy[1].temperature"], 0.7)
        self.assertEqual(whole["energy.expression"], "2*(x^2-1)^2 + y^2")
        whole["time.step"] = np.float64(0.02)
        whole["mesh.cells"] = np.array([8, 8])
        whole["output.every"] = 0.1
        whole["energy[2].expression"] = "x^2 + y^2"
        self.assertEqual((whole["time.step"], whole["mesh.cells"]), (0.02, [8, 8]))
        self.assertEqual(otto.run(whole).summary["time"]["steps"], 5)
        self.assertIsNone(whole.get("checkpoint.every_steps"))

    def test_errors_say_where(self):
        with self.assertRaises(otto.InputError) as caught:
            otto.run(case(time={"scheme": "implicit_euler", "stepp": 0.01, "end": 0.1}))
        self.assertIn("did you mean 'step'", str(caught.exception))
        self.assertGreater(caught.exception.line, 1)
        self.assertEqual(caught.exception.key, "time.stepp")
        with self.assertRaises(otto.InputError) as caught:
            otto.run(case(time={"scheme": "implicit_euler", "step": -1.0, "end": 0.1}))
        self.assertEqual(caught.exception.key, "time.step")
        self.assertIsInstance(caught.exception, ValueError)
        with self.assertRaisesRegex(otto.InputError, "did you mean 'time.step'"):
            otto.Case(DOUBLE_WELL)["time.stepp"] = 1
        with self.assertRaisesRegex(otto.InputError, "no such file"):
            otto.Case("nowhere.toml")
        whole = otto.Case(DOUBLE_WELL)
        whole["time.step"] = -1.0
        with self.assertRaises(otto.InputError) as caught:
            otto.run(whole)
        self.assertEqual(caught.exception.key, "time.step")
        with self.assertRaises(otto.InputError):
            otto.Case(case(initial={"kind": object()}))
        with self.assertRaisesRegex(otto.InputError, "no results"):
            otto.open(ROOT)

    def test_options_of_petsc_do_not_stay(self):
        run = otto.run(DOUBLE_WELL, petsc="-ksp_rtol 1e-3")
        again = otto.run(DOUBLE_WELL)
        self.assertFalse(np.array_equal(run.density, again.density))
        self.assertTrue(np.array_equal(again.density, otto.run(DOUBLE_WELL).density))
        with self.assertRaisesRegex(otto.InputError, "nothing in this run uses it"):
            otto.run(DOUBLE_WELL, petsc=["-no_such_option", "3"])
        self.assertEqual(otto.run(DOUBLE_WELL).status, "completed")


class Functions(unittest.TestCase):
    def setUp(self):
        self.reference = otto.run(DOUBLE_WELL)
        self.bare = case(energy=DOUBLE_WELL["energy"][:1])

    @staticmethod
    def V(x):
        return 2 * (x[:, 0]**2 - 1)**2 + x[:, 1]**2

    def test_energies(self):
        for given in (self.V, self.V(self.reference.centers), lambda x, t: self.V(x) + 0 * t):
            run = otto.run(self.bare, V=given)
            self.assertLess(np.abs(run.density - self.reference.density).max(), 1e-7)
        inside = otto.run(case(energy=DOUBLE_WELL["energy"][:1] + [{"kind": "external", "V": self.V}]))
        self.assertLess(np.abs(inside.density - self.reference.density).max(), 1e-7)

    def test_energies_in_time(self):
        by_case = otto.run(case(energy=DOUBLE_WELL["energy"][:1] + [{"kind": "external", "expression": "x^2*(1+20*t)"}]))
        by_function = otto.run(self.bare, V=lambda x, t: x[:, 0]**2 * (1 + 20 * t))
        self.assertLess(np.abs(by_case.density - by_function.density).max(), 1e-7)

    def test_torch_modules(self):
        import torch

        class Energy(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.scale = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

            def forward(self, x):
                return self.scale * (x[:, 0]**2 - 1)**2 + x[:, 1]**2

        self.assertLess(np.abs(otto.run(self.bare, V=Energy()).density - self.reference.density).max(), 1e-7)

    def test_initial_densities(self):
        start = next(iter(otto.steps(DOUBLE_WELL))).density
        run = otto.run(DOUBLE_WELL, rho0=start)
        self.assertTrue(np.array_equal(run.density, self.reference.density))
        bell = otto.run(DOUBLE_WELL, rho0=lambda x: np.exp(-(x**2).sum(1)))
        self.assertAlmostEqual(float(bell.density @ bell.volumes), bell.summary["mass"]["initial"], places=10)

    def test_bad_ones(self):
        n = len(self.reference.density)
        bad = [(dict(V=np.zeros(n - 1)), "V: has the shape"), (dict(V=np.full(n, np.nan)), "V: is nan"),
               (dict(V=lambda x: np.zeros(3)), "one value per point"), (dict(V=lambda x: x * 1j), "complex"),
               (dict(V=np.array(["a"] * n)), "takes numbers"), (dict(V=lambda x: np.full(len(x), np.inf)), "V is inf"),
               (dict(rho0=-np.ones(n)), "negative"), (dict(rho0=np.zeros(n)), "no mass"),
               (dict(rho0=np.ones((n, 2))), "has the shape"), (dict(callback=3), "callback: takes a function")]
        for arguments, words in bad:
            with self.assertRaisesRegex(otto.InputError, words):
                otto.run(DOUBLE_WELL, **arguments)
        with self.assertRaises(ZeroDivisionError):
            otto.run(DOUBLE_WELL, V=lambda x: 1 / 0)
        self.assertEqual(otto.run(DOUBLE_WELL).status, "completed")


class Steps(Temporary):
    def test_the_same_run(self):
        times = []
        for state in otto.steps(DOUBLE_WELL, out=os.path.join(self.out, "steps")):
            times.append(state.time)
            last = state.density.copy()
        run = otto.run(DOUBLE_WELL)
        self.assertEqual(len(times), 11)
        self.assertTrue(np.array_equal(last, run.density))
        kept = otto.open(os.path.join(self.out, "steps"))
        self.assertTrue(np.array_equal(kept.density, run.density))
        self.assertTrue(np.array_equal(kept.history["free_energy"], run.history["free_energy"]))

    def test_the_density_is_writable(self):
        """Half the mass taken away at step 5, in place or as a whole: the run goes on with half."""
        ends = []
        for whole in (False, True):
            for state in otto.steps(DOUBLE_WELL):
                if state.step == 5:
                    if whole:
                        state.density = 0.5 * state.density
                    else:
                        state.density *= 0.5
            ends.append(state.density)
            self.assertAlmostEqual(state.mass, 0.5, places=12)
        self.assertTrue(np.array_equal(*ends))
        self.assertLess(np.abs(2 * ends[0] - otto.run(DOUBLE_WELL).density).max(), 1e-6)
        with self.assertRaisesRegex(otto.InputError, "state.density: is negative"):
            for state in otto.steps(DOUBLE_WELL):
                state.density[3] = -1
        with self.assertRaisesRegex(otto.InputError, "state.density: is 0 in every cell"):
            for state in otto.steps(DOUBLE_WELL):
                state.density[:] = 0
        with self.assertRaisesRegex(otto.InputError, "state.density: has the shape"):
            for state in otto.steps(DOUBLE_WELL):
                state.density = np.ones(3)

    def test_callbacks(self):
        seen = []
        run = otto.run(DOUBLE_WELL, callback=lambda s: seen.append((s.step, s.mass)) or s.step < 4)
        self.assertEqual([s for s, _ in seen], [0, 1, 2, 3, 4])
        self.assertEqual((run.status, run.summary["time"]["steps"]), ("stopped", 4))
        with self.assertRaises(KeyError):
            otto.run(DOUBLE_WELL, callback=lambda state: {}["nothing"])


class Manners(Temporary):
    def test_interrupts(self):
        """Ctrl-C in step 3: KeyboardInterrupt, a checkpoint, and the bits of an undisturbed run after going on."""
        folder = os.path.join(self.out, "run")

        def disturb(state):
            if state.step == 3:
                os.kill(os.getpid(), signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt) as caught:
            otto.run(DOUBLE_WELL, out=folder, callback=disturb)
        self.assertEqual(caught.exception.folder, folder)
        self.assertEqual(otto.open(folder).status, "stopped")
        run = otto.run(DOUBLE_WELL, out=folder, resume="auto")
        self.assertTrue(np.array_equal(run.density, otto.run(DOUBLE_WELL).density))
        self.assertEqual(run.history["step"].tolist(), list(range(11)))

    def test_an_interrupt_after_the_last_step_says_where(self):
        out = os.path.join(self.out, "late")
        with unittest.mock.patch("otto.commands.Run", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt) as raised:
                otto.run(DOUBLE_WELL, out=out)
        self.assertEqual(raised.exception.folder, out)
        self.assertTrue(os.path.exists(os.path.join(out, "final.h5")))

    def test_options_of_the_wrong_kind(self):
        """InputError that names the option."""
        for name, ask in (("k", lambda: otto.spectrum(DOUBLE_WELL, k=0)), ("k", lambda: otto.spectrum(DOUBLE_WELL, k="a")),
                          ("k", lambda: otto.spectrum(DOUBLE_WELL, k=True)), ("levels", lambda: otto.converge(DOUBLE_WELL, levels=2.5)),
                          ("resume", lambda: otto.run(DOUBLE_WELL, resume=3)), ("petsc", lambda: otto.run(DOUBLE_WELL, petsc=3)),
                          ("allow_change", lambda: otto.run(DOUBLE_WELL, allow_change=[1])), ("out", lambda: otto.run(DOUBLE_WELL, out=3)),
                          ("intervals", lambda: otto.distance("a", "b", intervals="x")), ("first", lambda: otto.distance(3, "b"))):
            with self.assertRaisesRegex(otto.InputError, f"^{name}: "):
                ask()

    def test_signal_handlers_stay(self):
        """Which of the signals 1 to 31 are caught and ignored, before Otto and after a run."""
        text = subprocess.run(["/usr/bin/python3", "-c", (
            "import ctypes, signal\n"
            "def at():\n"
            "    with open('/proc/self/status') as f: return [int(l.split()[1], 16) % 2**31 for l in f if l.startswith(('SigCgt', 'SigIgn'))]\n"
            "before = at()\nimport otto\nfrom python_support import DOUBLE_WELL\notto.run(DOUBLE_WELL)\n"
            "print(before == at(), before, at())")], env=dict(os.environ, PYTHONPATH=os.pathsep.join(
                [os.path.dirname(__file__), os.path.dirname(os.path.dirname(otto.__file__))])),
            capture_output=True, text=True, check=True).stdout
        self.assertTrue(text.startswith("True"), text)

    def test_child_processes_start_mpi_of_their_own(self):
        otto.run(DOUBLE_WELL)
        done = subprocess.run([OTTO, "info"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_leak(self):
        """200 runs: the process grows by less than a tenth of a megabyte per ten runs once warm."""
        small = case(mesh={"kind": "box", "lower": [-2.0], "upper": [2.0], "cells": [32]}, output={"format": "none"},
                     initial={"kind": "uniform"}, energy=DOUBLE_WELL["energy"][:1])

        def resident():
            with open("/proc/self/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def some(count):
            for _ in range(count):
                otto.run(small, V=lambda x: x[:, 0]**2)

        some(60)
        before = resident()
        some(140)
        self.assertLess(resident() - before, 1.4e6)


if __name__ == "__main__":
    unittest.main()
