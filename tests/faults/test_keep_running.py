"""scripts/keep-running: a run whose ranks are killed, or that cannot start on as many ranks as it was asked to, ends as
one that was left in peace; what would fail again is not tried again."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "restart"))
import runs  # noqa: E402  pylint: disable=wrong-import-position
from runs import sets  # noqa: E402  pylint: disable=wrong-import-position

LONG = sets(checkpoint__every_steps=40, time__end=8.0, output__every=8.0)


class KeepRunning(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="otto-keep-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.case = self.folder / "case.toml"
        self.case.write_text(runs.CASE, encoding="utf-8")
        self.out = self.folder / "out"

    def start(self, *words, **variables):
        line = [ROOT / "scripts" / "keep-running", "--pause", "0", *map(str, words)]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=dict(os.environ, **variables))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, count):
        """Until a checkpoint of at least this number is there."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            seals = sorted(self.out.glob("checkpoints/ck-*.json"))
            if seals and int(seals[-1].stem[3:]) >= count:
                return
            time.sleep(0.01)
        self.fail("no checkpoint came")

    def test_killed_ranks(self):
        whole = self.folder / "whole"
        done = runs.run(self.case, whole, *LONG, ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        process = self.start("--ranks", 2, self.case, "-o", self.out, *LONG)
        for count in (2, 5):
            self.wait_for(count)
            launcher = runs.ranks_of(process)
            ranks = [r for p in launcher for r in runs.ranks_of(type("P", (), {"pid": p}))]
            os.kill(ranks[-1], signal.SIGKILL)
        said, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(said.count("keep-running: launch on 2"), 3, said)
        np.testing.assert_array_equal(runs.final(self.out), runs.final(whole))

    def test_fewer_ranks_where_there_are_fewer(self):
        launch = self.folder / "launch"
        launch.write_text('#!/bin/sh\n[ "$2" -le 2 ] || exit 213\nexec mpirun --oversubscribe "$@"\n', encoding="utf-8")
        launch.chmod(0o755)
        process = self.start("--ranks", 3, self.case, "-o", self.out, OTTO_LAUNCH=str(launch))
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(said.count("launch on 3"), 2, said)
        self.assertEqual(said.count("launch on 2"), 1, said)

    def test_what_would_fail_again_is_not_tried_again(self):
        process = self.start(self.case, "-o", self.out, "--set", "time.stepp=1")
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2, said)
        self.assertEqual(said.count("keep-running: launch"), 1, said)

    def test_it_gives_up(self):
        process = self.start("--attempts", 3, self.case, "-o", self.out, OTTO="/bin/false")
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, said)
        self.assertIn("gave up after 3 launches", said)

    def test_asked_to_stop(self):
        process = self.start("--ranks", 2, self.case, "-o", self.out, *LONG)
        self.wait_for(1)
        process.terminate()
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, said)
        self.assertEqual(said.count("keep-running: launch"), 1, said)


if __name__ == "__main__":
    unittest.main()
