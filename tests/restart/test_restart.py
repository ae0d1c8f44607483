"""Runs that are stopped and go on: the same answer, histories and series without repeats or gaps, and a word
on everything that was skipped or has changed. The long part is scripts/torture."""

import itertools
import json
import shutil
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

for path in (Path(__file__).parent, Path(__file__).parents[1]):
    sys.path.insert(0, str(path))
import runs  # noqa: E402  pylint: disable=wrong-import-position
from answers import otto  # noqa: E402  pylint: disable=wrong-import-position
from runs import sets  # noqa: E402  pylint: disable=wrong-import-position

EVERY = sets(checkpoint__every_steps=7, checkpoint__keep=3)
AUTO = ("--resume", "auto")


ROUGH = """
[mesh]
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [64, 64]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
table = "V.csv"
[initial]
kind = "gaussian"
mean = [0.5, 0.0]
variance = 0.1
[time]
step = 0.05
end = 0.4
[checkpoint]
every_steps = 1
keep = 100
"""


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="otto-restart-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.case = self.folder / "case.toml"
        self.case.write_text(runs.CASE, encoding="utf-8")

    def run_case(self, out, *words, status=0, ranks=1):
        done = otto(["run", self.case, "-o", self.folder / out, *words], ranks=ranks, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertLessEqual(done.stderr.count("otto: "), 1)
        return self.folder / out, done

    def forget(self, out, after):
        """Removes checkpoints later than the given number, as if the run had died before them."""
        for file in (out / "checkpoints").glob("ck-*"):
            if int(file.name[3:9]) > after:
                file.unlink()


class Restart(Runs):
    def test_the_same_command_starts_goes_on_and_ends(self):
        whole, _ = self.run_case("whole")
        self.assertFalse((whole / "checkpoints").exists())
        out, done = self.run_case("out", *EVERY, *AUTO)
        self.assertIn("no checkpoint yet, starting from the beginning", done.stdout)
        runs.check_same(self, out, whole)
        self.assertEqual(runs.checkpoints(out), ["ck-000004", "ck-000005", "ck-000006"])
        self.forget(out, 4)
        _, done = self.run_case("out", *EVERY, *AUTO)
        self.assertIn("ck-000004.h5 (step 28, t = 0.28", done.stdout)
        runs.check_same(self, out, whole)
        self.assertIn("ck-000004", (out / "log.txt").read_text(encoding="utf-8"))
        _, done = self.run_case("out", *EVERY, *AUTO)  # nothing is left to do
        runs.check_same(self, out, whole)

    def test_every_scheme_and_an_adaptive_run_go_on_from_files(self):
        for scheme, more in (("tr_bdf2", sets(time__adaptive="true", time__tolerance=1e-3)),
                             ("midpoint", sets(time__adaptive="true", time__tolerance=1e-3)),
                             ("exponential", sets(output__every=0.01))):
            words = [*sets(time__scheme=scheme), *more]
            whole, _ = self.run_case("whole_" + scheme, *words)
            out, _ = self.run_case(scheme, *words, *sets(checkpoint__every_steps=2, checkpoint__keep=9))
            middle = len(runs.history(whole)) // 4
            self.forget(out, max(middle, 1))
            self.run_case(scheme, *words, *AUTO)
            runs.check_same(self, out, whole)

    def test_every_term_goes_on_from_files(self):
        """What a step knows beside the density: what has left and come in, rates and D of t, pressures, sets, tables."""
        (self.folder / "D.dat").write_text("".join(f"{x} {y} {1 + 0.1 * (x + y)}\n" for y in (-1.5, 0, 1.5) for x in (-2, 0, 2)),
                                           encoding="utf-8")
        wall = '[boundary]\nabsorbing = ["x_max"]\n'
        terms = {
            "reaction": '[reaction]\nrate = "1 + x^2 + t"\nsource = "exp(-x^2)"\n',
            "diffusion of t": '[diffusion]\nexpression = "1 + 0.5*sin(20*t) + x^2"\n',
            "diffusion of a table": '[diffusion]\ntable = "D.dat"\nconvention = "ito"\n',
            "diagonal tensor": '[diffusion]\ntensor = [["1 + y^2", 0], [0, 2]]\nconvention = "ito"\n',
            "value": '[boundary.value]\nx_min = "1 + t"\n', "robin": "[boundary.robin]\ny_max = 2.0\n",
            "outflow": '[boundary]\noutflow = ["x_max", "y_min"]\n', "reinject": wall + 'reinject = "initial"\n',
            "sets": '[[set]]\nname = "A"\nexpression = "0.1 - (x - 1)^2 - y^2"\n' + wall.replace("x_max", "A"),
            "temperature": 'temperature = "1 + 0.3*x + 0.5*sin(20*t)^2"',
            "mobility": "[mobility]\nexponent = 1.5\nmaximum = 3.0\n",
            "vacancies": '[mobility]\nmaximum = 3.0\n[[energy]]\nkind = "vacancies"\nmaximum = 3.0\ntemperature = 1.0\n'}
        checkpoints = sets(checkpoint__every_steps=3, checkpoint__keep=9)
        for name, text in terms.items():
            case = runs.CASE.replace("temperature = 1.0", text) if name == "temperature" else runs.CASE + text
            self.case.write_text(case, encoding="utf-8")
            first_order = name in ("mobility", "vacancies")
            for scheme in ("implicit_euler",) if first_order else ("tr_bdf2", "bdf2"):
                with self.subTest(name, scheme=scheme):
                    words = sets(time__scheme=scheme, time__end=0.1, output__every=0.02)
                    whole, _ = self.run_case(f"whole {name} {scheme}", *words)
                    out, _ = self.run_case(f"{name} {scheme}", *words, *checkpoints)
                    self.forget(out, 1)
                    self.run_case(f"{name} {scheme}", *words, *checkpoints, *AUTO)
                    # the solve for what comes back is made once for a matrix, and anew after a restart
                    runs.check_same(self, out, whole, counts=name != "reinject")

    def test_any_number_of_ranks_goes_on_with_what_any_number_wrote(self):
        # tight solves: what is compared is the state, not the solver's tolerance
        tight = sets(solver__rtol=1e-13)
        whole, _ = self.run_case("whole", *tight)
        for writers in (1, 3):
            first, _ = self.run_case(f"first{writers}", *tight, *EVERY, ranks=writers)
            self.forget(first, 4)
            written = runs.density(first / "checkpoints/ck-000004.h5")
            for readers in (1, 2, 4):
                out = self.folder / f"out{writers}{readers}"
                shutil.copytree(first, out)
                self.run_case(out.name, *tight, *EVERY, *AUTO, ranks=readers)
                runs.check_same(self, out, whole, tolerance=1e-12)
                self.assertTrue((runs.density(out / "checkpoints/ck-000004.h5") == written).all()
                                or not (out / "checkpoints/ck-000004.h5").exists())

    def test_what_was_loaded_is_what_was_written_bit_for_bit(self):
        out, _ = self.run_case("out", *EVERY, *sets(time__scheme="tr_bdf2"))
        seal = json.loads((out / "checkpoints/ck-000006.json").read_text(encoding="utf-8"))
        for ranks in (2, 3):
            # the last checkpoint is at the end: the run loads it, writes the final state and is done
            self.run_case("out", *EVERY, *AUTO, *sets(time__scheme="tr_bdf2"), ranks=ranks)
            self.assertTrue((runs.final(out) == runs.density(out / "checkpoints/ck-000006.h5")).all())
        self.assertEqual(seal["step"], 40)

    def test_damaged_checkpoints_are_skipped_by_name(self):
        whole, _ = self.run_case("whole")
        good, _ = self.run_case("good", *EVERY)
        self.forget(good, 5)
        for seed in range(8):
            out = self.folder / f"out{seed}"
            shutil.copytree(good, out)
            damage = runs.Places(seed).damage(out / "checkpoints", "ck-000005", "ck-000004")
            if damage is None:
                continue
            with self.subTest(seed=seed, damage=damage):
                _, done = self.run_case(out.name, *EVERY, *AUTO, ranks=1 + seed % 2)
                self.assertIn("skipped checkpoint ck-000005: ", done.stderr)
                self.assertIn("going on from", done.stdout)
                if seed % 2 == 0:
                    runs.check_same(self, out, whole)

    def test_a_checkpoint_that_was_asked_for_must_be_good(self):
        out, _ = self.run_case("out", *EVERY)
        data = out / "checkpoints/ck-000005.h5"
        data.write_bytes(data.read_bytes()[:-1])
        _, done = self.run_case("out", "--resume", data, status=4)
        self.assertIn("ck-000005", done.stderr)
        _, done = self.run_case("out", "--resume", out / "checkpoints/ck-000099.h5", status=2, ranks=2)
        self.assertIn("no such checkpoint", done.stderr)
        _, done = self.run_case("out", "--resume", out / "final.h5", status=2, ranks=2)
        self.assertIn("this is no checkpoint", done.stderr)

    def test_a_path_goes_on_in_another_folder(self):
        whole, _ = self.run_case("whole")
        first, _ = self.run_case("first", *EVERY)
        for number, path in enumerate(("checkpoints/ck-000004.h5", "checkpoints/ck-000004",
                                       "checkpoints/ck-000004.json", "")):
            out, _ = self.run_case(f"out{number}", "--resume", first / path)
            self.assertTrue((runs.final(out) == runs.final(whole)).all())
            self.assertEqual(runs.without_clock(runs.history(out)),
                             runs.without_clock(runs.history(whole)))

    def test_a_changed_case_is_refused_by_every_key(self):
        out, _ = self.run_case("out", *EVERY)
        before = (out / "history.csv").read_bytes(), (out / "log.txt").read_bytes()
        change = sets(time__step=0.02, time__end=0.5, **{"energy[2].expression": "x^2"})
        for ranks in (1, 3):
            _, done = self.run_case("out", *EVERY, *AUTO, *change, status=2, ranks=ranks)
            for words in ("time.step was 0.01, is 0.02", "time.end was 0.4, is 0.5",
                          "energy[2].expression was", "--allow-change time.end"):
                self.assertIn(words, done.stderr)
            self.assertEqual(before, ((out / "history.csv").read_bytes(),
                                      (out / "log.txt").read_bytes()), "nothing is touched")
        _, done = self.run_case("out", *AUTO, *sets(mesh__cells="[20, 13]"), "--allow-change", "mesh",
                                status=2)
        self.assertIn("keeps its mesh", done.stderr)
        _, done = self.run_case("out", *AUTO, "--allow-change", "time.edn", status=2)
        self.assertIn("did you mean 'time.end'", done.stderr)

    def test_what_may_change(self):
        longer, _ = self.run_case("longer", *sets(time__end=0.5, output__every=0.1))
        out, _ = self.run_case("out", *EVERY, *sets(output__every=0.1))
        words = [*AUTO, *sets(time__end=0.5, output__every=0.1), "--allow-change", "time.end"]
        self.run_case("out", *EVERY, *words, *sets(run__wall_minutes=5, title='"another"'))
        runs.check_same(self, out, longer)
        self.run_case("out", *EVERY, *words, *sets(time__end=0.6, time__scheme="tr_bdf2"),
                      "--allow-change", "time.scheme", "--allow-change", "output")
        self.assertEqual(runs.summary(out)["time"]["end"], 0.6)

    def test_a_run_that_starts_anew_sets_checkpoints_aside(self):
        out, _ = self.run_case("out", *EVERY)
        kept = runs.checkpoints(out)
        _, done = self.run_case("out")
        self.assertIn("checkpoints.before", done.stderr)
        self.assertEqual(sorted(f.stem for f in (out / "checkpoints.before").glob("*.json")), kept)

    def test_the_time_between_checkpoints(self):
        out, _ = self.run_case("out", *sets(checkpoint__every_minutes=1e-9, checkpoint__keep=50))
        steps = [json.loads(f.read_text(encoding="utf-8"))["step"]
                 for f in sorted((out / "checkpoints").glob("*.json"))]
        self.assertEqual(steps, list(range(1, 41)))


class RoughLandscape(Runs):
    def test_a_resumed_run_keeps_the_preconditioner(self):
        """The first right-hand side is too rough for the geometric cycle, the later ones would not be."""
        n = 64
        x = -2 + 4 / n * (np.arange(n) + .5)
        X, Y = (c.ravel() for c in np.meshgrid(x, x, indexing="ij"))
        V = .3 * (X**2 + Y**2) + 9 * np.random.default_rng(5).standard_normal(n * n)
        np.savetxt(self.folder / "V.csv", np.column_stack([X, Y, V]), delimiter=",", header="x,y,value", comments="")
        (self.folder / "rough.toml").write_text(ROUGH, encoding="utf-8")
        for ranks in (1, 3):
            whole = self.folder / f"whole{ranks}"
            self.assertEqual(runs.run(self.folder / "rough.toml", whole, ranks=ranks).returncode, 0)
            for step in (2, 5):
                rest = self.folder / f"rest{ranks}{step}"
                done = runs.run(self.folder / "rough.toml", rest, "--resume", whole / "checkpoints" / f"ck-00000{step}", ranks=ranks)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(*(runs.without_clock(runs.history(out)) for out in (rest, whole)))


class EarlierCheckpoints(Runs):
    """Those of tests/restart/earlier, written when steppers remembered the time they had reached, or less."""

    def test_they_go_on_as_if_nothing_had_happened(self):
        earlier = Path(__file__).parent / "earlier"
        for name, words in (("bdf2", sets(time__scheme="bdf2")),
                            ("tr_bdf2", sets(time__scheme="tr_bdf2", time__adaptive="true", time__tolerance=1e-3)),
                            ("jko", sets(time__scheme="jko")), ("jko_bdf2", sets(time__scheme="jko_bdf2")),
                            ("jko_midpoint", sets(time__scheme="jko_midpoint")),
                            ("crowd", [])):
            with self.subTest(name):
                seal = json.loads((earlier / name / "ck-000001.json").read_text(encoding="utf-8"))
                if name == "jko_midpoint":  # a younger one: this scheme remembered nothing of the step before
                    self.assertNotIn("stepper.starting", seal["numbers"])
                else:
                    self.assertTrue([n for n in seal["numbers"] if n.endswith("reached")])
                case = earlier / ("crowd.toml" if name == "crowd" else "case.toml")
                for out, more in ((f"{name}-whole", []),
                                  (f"{name}-rest", ["--resume", earlier / name / "ck-000001"])):
                    done = runs.run(case, self.folder / out, *words, *more)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                whole, rest = self.folder / f"{name}-whole", self.folder / f"{name}-rest"
                if name.startswith("jko"):
                    # The steps before the checkpoint were made by another Newton's method, and those of jko_bdf2
                    # without the pieces that start it, those of jko_midpoint without BDF2: the same flow to the error of a
                    # step.
                    atol = 1e-5 if name == "jko_midpoint" else 0
                    np.testing.assert_allclose(runs.final(rest), runs.final(whole), rtol=0.1, atol=atol)
                    continue
                # Those of linear schemes do not say how long the degree of the guesses had been the same, so that it is judged
                # after other solves: the same to the solves' tolerance, the sizes of steps included, with an iteration more or less.
                linear = name != "crowd"
                np.testing.assert_allclose(runs.final(rest), runs.final(whole), rtol=2e-7 if linear else 1e-11)
                # without the histories of guesses the solves would take other numbers of iterations
                counts = [[(int(row["newton_iterations"]), int(row["linear_iterations"])) for row in runs.history(out)]
                          for out in (rest, whole)]
                self.assertGreater(len(counts[0]), 3)
                counts[1] = counts[1][-len(counts[0]):]
                if linear:
                    steps = [[float(row["dt"]) for row in runs.history(out)] for out in (rest, whole)]
                    np.testing.assert_allclose(steps[0], steps[1][-len(steps[0]):], rtol=3e-6)
                    counts = [sum(n for _, n in rows) for rows in counts]
                    self.assertLessEqual(abs(counts[0] - counts[1]), 1)
                else:
                    self.assertEqual(counts[0], counts[1])


class Stops(Runs):
    """Signals and the wall time: status 75, a good checkpoint, and the same answer in the end."""

    LONG = sets(time__step=2e-5, output__every=0.1)

    def stop(self, out, ranks, number, delay, *words):
        process = runs.start(self.case, out, *self.LONG, *words, *AUTO, ranks=ranks)
        process.stdout.readline()  # from now on it answers
        time.sleep(delay)
        if number is not None:
            for pid in runs.ranks_of(process)[:1]:
                runs.os.kill(pid, number)
        text, _ = process.communicate(timeout=60)
        return process.returncode, text

    def test_signals_and_wall_time_leave_a_good_checkpoint(self):
        whole, _ = self.run_case("whole", *self.LONG)
        out = self.folder / "out"
        status = []
        stops = itertools.cycle([(signal.SIGTERM, 1), (signal.SIGUSR1, 1)])
        for number, ranks in itertools.islice(stops, 2):
            code, text = self.stop(out, ranks, number, 0.05)
            status.append(code)
            self.assertIn(code, (0, 75), text)
            if code == 75:
                self.assertEqual(runs.summary(out)["status"], "stopped")
                self.assertTrue(runs.checkpoints(out))
                self.assertEqual(runs.leftovers(out), [])
        self.assertIn(75, status)
        _, done = self.run_case("out", *self.LONG, *AUTO)
        self.assertIn("going on from", done.stdout)
        runs.check_same(self, out, whole)

    def test_the_slurm_job_queues_itself_again_and_goes_on(self):
        whole, _ = self.run_case("whole", *self.LONG)
        tools = self.folder / "tools"
        tools.mkdir()
        for name, body in (("srun", 'exec "$@"'),
                           ("scontrol", f'echo "$@" >> {self.folder}/asked')):
            (tools / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            (tools / name).chmod(0o755)
        environment = dict(runs.os.environ, PATH=f"{tools}:{runs.os.environ['PATH']}", SLURM_JOB_ID="7",
                           OTTO_CASE=str(self.case), OTTO_OUT=str(self.folder / "out"),
                           OTTO_WORDS=" ".join(self.LONG))
        script = Path(__file__).parents[2] / "scripts/otto.sbatch"
        job = runs.subprocess.Popen(["bash", script], env=environment, text=True,
                                    stdout=runs.subprocess.PIPE, stderr=runs.subprocess.STDOUT)
        job.stdout.readline()
        rank, = runs.ranks_of(job)
        runs.os.kill(rank, signal.SIGUSR1)  # as Slurm does before the time limit
        text, _ = job.communicate(timeout=60)
        self.assertEqual(job.returncode, 75, text)
        self.assertEqual((self.folder / "asked").read_text(encoding="utf-8"), "requeue 7\n")
        again = runs.subprocess.run(["bash", script], env=environment, capture_output=True, text=True,
                                    timeout=60, check=False)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("going on from", again.stdout)
        runs.check_same(self, self.folder / "out", whole)

    def test_the_wall_time_is_kept_with_a_checkpoint(self):
        words = sets(run__wall_minutes=0.08, time__end=1000)
        out, _ = self.run_case("out", *self.LONG, *words, status=75, ranks=2)
        self.assertLess(runs.summary(out)["seconds"]["total"], 4.8)
        self.assertTrue(runs.checkpoints(out))


if __name__ == "__main__":
    unittest.main()
