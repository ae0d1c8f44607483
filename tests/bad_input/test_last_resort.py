"""An error on one rank, on every rank, or agreed upon: all ranks end, with one message."""

import os
import subprocess
import tempfile
import time
import unittest

PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))  # times as long as usual: sanitizers
PROGRAM = os.path.join(os.path.dirname(os.environ["OTTO"]), "tests", "fault_program")


def fail(kind, rank, ranks):
    start = time.monotonic()
    done = subprocess.run(
        ["mpirun", "-n", str(ranks), "--oversubscribe", PROGRAM, kind, str(rank)],
        capture_output=True, text=True, timeout=60 * PATIENCE)
    return done.returncode, done.stderr, time.monotonic() - start


class LastResort(unittest.TestCase):
    def check(self, kind, rank, ranks, status, message):
        with self.subTest(kind=kind, rank=rank, ranks=ranks):
            code, text, seconds = fail(kind, rank, ranks)
            self.assertEqual(code, status, text)
            self.assertEqual(text.count("otto: "), 1, text)
            self.assertIn(message, text)
            self.assertLess(seconds, 10 * PATIENCE)

    def test_one_rank_alone_ends_the_others(self):
        for rank in (0, 2):
            self.check("alone", rank, 3, 3, f"fault on rank {rank}")

    def test_one_rank_fails_when_the_others_are_done(self):
        self.check("at_the_end", 1, 3, 4, "fault on rank 1")

    def test_every_rank_by_itself(self):
        for ranks in (1, 3):
            self.check("everyone", 0, ranks, 2, "fault everywhere")

    def test_agreed_failures(self):
        self.check("together", 2, 3, 4, "fault on rank 2")

    def test_out_of_memory_and_defects(self):
        self.check("memory", 0, 2, 2, "not enough memory")
        self.check("memory_in_a_thread", 0, 1, 2, "not enough memory")
        self.check("defect_in_a_thread", 0, 1, 5, "internal error: a broken invariant")
        self.check("terminated", 0, 1, 5, "internal error")
        self.check("defect", 0, 2, 5, "internal error: a broken invariant")


class WorkingFolder(unittest.TestCase):
    def test_one_that_has_been_removed_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            gone = os.path.join(folder, "gone")
            os.mkdir(gone)
            done = subprocess.run(["bash", "-c", 'rmdir "$PWD" && exec "$OTTO" explain time.step'], cwd=gone, text=True,
                                  capture_output=True, timeout=60 * PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (4, ""))
        self.assertEqual(done.stderr, "otto: the working folder has been removed; change into one that exists\n")


class ManyAtOnce(unittest.TestCase):
    def test_runs_by_themselves_do_not_disturb_each_other(self):
        """They once shared a folder of Open MPI's, and one in a hundred died of it."""
        for _ in range(15):
            runs = [subprocess.Popen([os.environ["OTTO"], "explain", "time.step"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                    for _ in range(8)]
            for run in runs:
                _, errors = run.communicate(timeout=60 * PATIENCE)
                self.assertEqual(run.returncode, 0, errors)


if __name__ == "__main__":
    unittest.main()
