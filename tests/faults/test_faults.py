"""A rank, a number, a disk or the memory fails: every rank is gone within seconds, with one message and a status
that tells the kind, and what was good before still is. The long part is scripts/torture."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "restart"))
sys.path.insert(0, str(Path(__file__).parent))
import places  # noqa: E402  pylint: disable=wrong-import-position
import runs  # noqa: E402  pylint: disable=wrong-import-position
from runs import sets  # noqa: E402  pylint: disable=wrong-import-position

NOT_FINITE = r"(?i)[:,\[]\s*\"?-?(nan|inf)\b"  # as a value; a message may name it
EVERY = sets(checkpoint__every_steps=5, checkpoint__keep=3)


class Faults(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="otto-faults-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.case = self.folder / "case.toml"
        self.case.write_text(runs.CASE, encoding="utf-8")

    def fail(self, fault, *words, status=None, ranks=1, out="out", **options):
        began = time.monotonic()
        done = runs.run(self.case, self.folder / out, *words, ranks=ranks, fault=fault, timeout=60,
                        **options)
        seconds = time.monotonic() - began
        self.assertNotEqual(done.returncode, 0, f"{fault}: {done.stdout}{done.stderr}")
        if status is not None:
            self.assertEqual(done.returncode, status, f"{fault}: {done.stderr}")
            self.assertEqual(done.stderr.count("otto: "), 1, f"{fault}: {done.stderr}")
        return self.folder / out, done.stderr, seconds

    def test_there_are_thirty_places(self):
        self.assertGreaterEqual(len(places.run_places()), 30)

    def test_one_rank_ends_all(self):
        for number, place in enumerate(("solve", "checkpoint_seal", "initial")):
            rank = number % 3
            with self.subTest(place=place, rank=rank):
                _, text, seconds = self.fail(f"place={place},rank={rank}", *EVERY, status=5, ranks=3,
                                             out=place)
                self.assertIn(f"injected fault at '{place}' on rank {rank}", text)
                self.assertLess(seconds, 20)  # 10 on a quiet machine; torture holds it to that

    def test_one_rank_ends_a_study(self):
        """Whose table the other ranks, which wait elsewhere, cannot write."""
        line = runs.command(self.case, self.folder / "study", ranks=3, verb="converge")
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False,
                              env=dict(os.environ, OTTO_FAULT="place=density,rank=2"))
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("injected fault at 'density' on rank 2", done.stderr)

    def test_a_rank_that_dies_ends_all(self):
        for kind in ("exit", "kill"):
            _, _, seconds = self.fail(f"place=step,rank=1,visit=3,kind={kind}", ranks=3, out=kind)
            self.assertLess(seconds, 20)

    def test_memory_is_said(self):
        for place in ("setup", "step", "checkpoint"):
            _, text, _ = self.fail(f"place={place},kind=memory", *EVERY, status=2, out=place)
            self.assertIn("not enough memory", text)

    def test_numbers_that_are_not_finite_stop_the_same_step(self):
        moving = sets(**{"energy[2].expression": "2*(x^2-1)^2 + 2*y^2 + x*t"})
        for number, (place, kind) in enumerate((("density", "nan"), ("energy", "inf"), ("rates", "nan"),
                                                ("solution", "inf"))):
            out, text, _ = self.fail(
                f"place={place},kind={kind},visit=7,cell={31 * number},rank={number % 2}", *EVERY,
                *moving, status=3, ranks=1 + number % 2, out=f"{place}{kind}")
            self.assertIn("cell", text)
            rows = runs.history(out)
            self.assertEqual([int(r["step"]) for r in rows], list(range(len(rows))))
            self.assertLessEqual(len(rows), 8)
            for file in out.rglob("*"):
                if file.suffix in (".csv", ".json", ".series"):
                    self.assertNotRegex(file.read_text(encoding="utf-8"), NOT_FINITE, file)

    def test_a_full_disk_keeps_the_checkpoints_before(self):
        whole = self.folder / "whole"
        self.assertEqual(runs.run(self.case, whole).returncode, 0)
        for seed, room in enumerate((20_000, 70_000, 131_071, 200_000)):
            out, text, _ = self.fail(f"kind=full,bytes={room}", *EVERY, status=4, out=f"full{room}",
                                     ranks=1 + seed % 2)
            self.assertIn("No space left on device", text)
            self.assertRegex(text, r"otto: \S+/full\d+/\S+: cannot write")
            self.assertEqual(runs.leftovers(out), [])
            done = runs.run(self.case, out, *EVERY, "--resume", "auto", ranks=1 + seed % 2)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("skipped", done.stderr)
            runs.check_same(self, out, whole, tolerance=0 if seed % 2 == 0 else 1e-7)

    def test_a_folder_that_vanishes(self):
        out = self.folder / "out"
        process = runs.start(self.case, out, *sets(time__step=1e-5, checkpoint__every_steps=2000))
        runs.wait_for(lambda: runs.checkpoints(out))
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        text, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 4, text)
        # gone before it was written, or before it was read back
        self.assertRegex(text, "cannot|reads back wrong")
        self.assertIn(str(out), text)

    def test_a_folder_of_several_runs_that_vanishes(self):
        for command, words in (("sweep", ("--over", "time.step=0.005,1e-5,2e-5")),
                               ("converge", ("--refine", "time", "--levels", "3", "--set", "time.step=4e-5"))):
            with self.subTest(command):
                out = self.folder / command
                process = subprocess.Popen([runs.OTTO, command, self.case, "-o", out, *words], stdout=subprocess.PIPE,
                                           stderr=subprocess.STDOUT, text=True)
                runs.wait_for(lambda out=out: list(out.glob("*/final.h5")))
                out.rename(self.folder / f"{command}_away")
                text, _ = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 4, text)
                # by a file that is written into it, or by a look at the end
                self.assertRegex(text, rf"otto: {out}(: this folder was moved|/\S+: cannot write)")

    def test_a_file_size_limit_names_the_checkpoint(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
        _, text, _ = self.fail(None, *EVERY, *sets(mesh__cells="[400, 300]", output__format='"none"'),
                               status=4, preexec_fn=limit)
        self.assertIn("ck-000001.h5: cannot write: File too large", text)

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_read_only_folder(self):
        (self.folder / "out").mkdir(mode=0o500)
        _, text, _ = self.fail(None, status=4)
        self.assertIn("Permission denied", text)


if __name__ == "__main__":
    unittest.main()
