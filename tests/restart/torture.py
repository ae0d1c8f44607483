"""The long part of the restart and fault tests; scripts/torture runs it. Every trial has a seed of its own, printed
with the byte offsets and times it led to where it fails."""

import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "faults")]
import life  # noqa: E402  pylint: disable=wrong-import-position
import places  # noqa: E402  pylint: disable=wrong-import-position
import runs  # noqa: E402  pylint: disable=wrong-import-position
from runs import sets  # noqa: E402  pylint: disable=wrong-import-position

EVERY = sets(checkpoint__every_steps=4, checkpoint__keep=3)
AUTO = ("--resume", "auto")
CHECK = unittest.TestCase()


class Bench:
    """A folder with the case and the answers of uninterrupted runs."""

    def __init__(self, most):
        self.most = most  # ranks
        self.folder = Path(tempfile.mkdtemp(prefix="otto-torture-"))
        self.case = self.folder / "case.toml"
        self.case.write_text(runs.CASE, encoding="utf-8")
        self.known = {}
        self.notes = []  # measured figures, for the page
        # Open MPI's own scratch: single processes of others would otherwise clear it away under ours
        os.environ["OMPI_MCA_orte_tmpdir_base"] = str(self.folder)

    def whole(self, *words, ranks=1):
        """The folder of an uninterrupted run."""
        key = (words, ranks)
        if key not in self.known:
            out = self.folder / f"whole{len(self.known)}"
            self.expect(0, runs.run(self.case, out, *words, ranks=ranks))
            self.known[key] = out
        return self.known[key]

    def note(self, text):
        print(f"    {text}", flush=True)
        self.notes.append(f"- {text}")

    @staticmethod
    def expect(status, done):
        CHECK.assertEqual(done.returncode, status, done.stdout + done.stderr)

    def fresh(self, name):
        out = self.folder / name
        shutil.rmtree(out, ignore_errors=True)
        return out


def talk(process, seconds=180):
    """communicate(), leaving nobody behind where that takes too long."""
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        runs.kill_all(process)
        raise


def pairs(bench, _seed, trial):
    """N ranks write, M read: the data bit for bit, 1e-10 after 50 further steps."""
    writers, readers = 1 + trial // 4 % 4, 1 + trial % 4
    words = sets(solver__rtol=1e-13, time__end=0.8)
    out = bench.fresh("pairs")
    whole = bench.whole(*words)
    bench.expect(0, runs.run(bench.case, out, *words, *sets(checkpoint__every_steps=30,
                                                            checkpoint__keep=9), ranks=writers))
    for file in (out / "checkpoints").glob("ck-00000[23]*"):
        file.unlink()
    written = runs.density(out / "checkpoints/ck-000001.h5")
    loaded = bench.fresh("loaded")
    # a run that has nothing left to do shows what it loaded
    bench.expect(0, runs.run(bench.case, loaded, *words, "--set", "time.end=0.3", "--resume",
                             out / "checkpoints/ck-000001", "--allow-change", "time.end", ranks=readers))
    CHECK.assertTrue((runs.final(loaded) == written).all(), "not what was written")
    bench.expect(0, runs.run(bench.case, out, *words, *AUTO, ranks=readers))
    runs.check_same(CHECK, out, whole, tolerance=1e-10)


def kill(bench, seed, _trial):
    """SIGKILL at random times, half of them while a checkpoint is being written."""
    r = random.Random(seed)
    ranks, aimed, everyone = r.randint(1, bench.most), r.random() < 0.5, r.random() < 0.5
    plain = sets(time__step=4e-3, time__scheme=r.choice(("implicit_euler", "tr_bdf2")))
    words = [*plain, *sets(checkpoint__every_steps=r.randint(1, 12))]
    whole = bench.whole(*plain, ranks=ranks)
    out, killed, note = bench.fresh("kill"), 0, []
    for _ in range(40):
        process = runs.start(bench.case, out, *words, *AUTO, ranks=ranks)
        if aimed and killed < 3:
            parts = lambda: list((out / "checkpoints").glob("*.part"))  # noqa: E731
            try:
                runs.wait_for(lambda: process.poll() is not None or parts(), 60)
            except TimeoutError:
                pass
            note.append(("part", [p.stat().st_size for p in parts() if p.exists()]))
        elif killed < 3:
            delay = r.uniform(0, 1.5)
            time.sleep(delay)
            note.append(("after", delay))
        if killed < 3 and process.poll() is None:
            killed += 1
            if everyone or ranks == 1:
                runs.kill_all(process)
            else:
                victims = runs.ranks_of(process)
                try:
                    os.kill(r.choice(victims), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        text, _ = talk(process)
        if process.returncode == 0:
            break
        CHECK.assertNotIn(process.returncode, (2, 3, 4, 5), f"{note}\n{text}")
    CHECK.assertEqual(process.returncode, 0, note)
    runs.check_same(CHECK, out, whole)


def damage(bench, seed, _trial):
    """Single corruptions of the newest of three checkpoints."""
    if "damage" not in bench.known:
        out = bench.folder / "good"
        bench.expect(0, runs.run(bench.case, out, *EVERY))
        bench.known["damage"] = out
    out = bench.fresh("damage")
    shutil.copytree(bench.known["damage"], out)
    names = runs.checkpoints(out)
    done = runs.Places(seed).damage(out / "checkpoints", names[-1], names[-2])
    if done is None:
        return
    ran = runs.run(bench.case, out, *EVERY, *AUTO, timeout=30)
    CHECK.assertEqual(ran.returncode, 0, f"{done}: {ran.stderr}")
    CHECK.assertIn(f"skipped checkpoint {names[-1]}: ", ran.stderr, str(done))
    runs.check_same(CHECK, out, bench.whole())


def full(bench, seed, trial):
    """The disk takes no byte more at an offset within what a run with checkpoints writes."""
    r = random.Random(seed)
    ranks = 1 + trial % min(3, bench.most)
    room = int((680_000 - 80_000 * ranks) * (trial + 0.5) / 50) + r.randrange(8)  # less than what the first rank writes
    words = [*EVERY, *sets(mesh__cells="[40, 24]")]
    whole = bench.whole(*sets(mesh__cells="[40, 24]"), ranks=ranks)
    out = bench.fresh("full")
    done = runs.run(bench.case, out, *words, ranks=ranks, fault=f"kind=full,bytes={room}")
    CHECK.assertEqual(done.returncode, 4, f"room {room}: {done.stdout}{done.stderr}")
    CHECK.assertRegex(done.stderr, r"otto: \S+: cannot write: No space left", f"room {room}")
    CHECK.assertEqual(done.stderr.count("otto: "), 1, f"room {room}")
    again = runs.run(bench.case, out, *words, *AUTO, ranks=ranks)
    bench.expect(0, again)
    CHECK.assertNotIn("skipped", again.stderr, f"room {room}")
    runs.check_same(CHECK, out, whole)


def signals(bench, seed, _trial):
    """TERM, USR1 and wall limits at random: status 75 and a good checkpoint."""
    r = random.Random(seed)
    ranks, kind = r.randint(1, bench.most), r.choice(("term", "usr1", "wall"))
    words = [*sets(time__step=1e-4, time__end=1000, output__every=0.01), *AUTO]
    out = bench.fresh("signals")
    limit = r.uniform(3, 8)
    if kind == "wall":
        words += sets(run__wall_minutes=limit / 60)
    process = runs.start(bench.case, out, *words, ranks=ranks)
    process.stdout.readline()
    if kind != "wall":
        time.sleep(r.uniform(0, 2))
        number = signal.SIGTERM if kind == "term" else signal.SIGUSR1
        for pid in runs.ranks_of(process)[:1 if r.random() < 0.5 else None]:
            os.kill(pid, number)
    text, _ = talk(process)
    CHECK.assertEqual(process.returncode, 75, f"{kind} on {ranks}: {text}")
    if kind == "wall":
        CHECK.assertLess(runs.summary(out)["seconds"]["total"], limit, "later than the limit")
    step = runs.summary(out)["time"]["steps"]
    seal = json.loads((out / f"checkpoints/{runs.checkpoints(out)[-1]}.json").read_text())
    CHECK.assertEqual(seal["step"], step)
    CHECK.assertEqual(runs.leftovers(out), [])
    done = runs.run(bench.case, out, *words[:-2 if kind == "wall" else None],
                    *sets(time__end=seal["time"] + 0.01), "--allow-change", "time.end", ranks=ranks)
    bench.expect(0, done)
    CHECK.assertNotIn("skipped", done.stderr)
    CHECK.assertIn(f"(step {step},", done.stdout)


def faults(bench, _seed, trial):
    """Every marked place on each rank of four."""
    every = places.run_places()
    place = every[trial // 4 % len(every)]
    rank = 0 if place in places.ONLY_FIRST_RANK else trial % 4
    process = runs.start(bench.case, bench.fresh("faults"), *EVERY, ranks=4,
                         OTTO_FAULT=f"place={place},rank={rank}")
    text, struck = "", None
    for line in process.stdout:
        text += line
        if line.startswith("[fault]"):
            struck = time.monotonic()  # from here on the clock counts
    CHECK.assertNotEqual(process.wait(timeout=60), 0, f"{place} on {rank}")
    CHECK.assertEqual(text.count("otto: "), 1, f"{place} on {rank}: {text}")
    CHECK.assertRegex(text, f"otto: (.*: )?injected fault at '{place}' on rank {rank}")
    CHECK.assertIsNotNone(struck, text)
    CHECK.assertLess(time.monotonic() - struck, 10, f"{place} on {rank}")


def numbers(bench, seed, _trial):
    """NaN and infinities in the density, the energy, the rates and a solution."""
    r = random.Random(seed)
    place, kind = r.choice(("density", "energy", "rates", "solution")), r.choice(("nan", "inf", "-inf"))
    ranks, visit, cell = r.randint(1, min(3, bench.most)), r.randint(1, 25), r.randrange(240)
    moving = sets(**{"energy[2].expression": "2*(x^2-1)^2 + 2*y^2 + x*t"})
    out = bench.fresh("numbers")
    fault = f"place={place},kind={kind},visit={visit},cell={cell},rank={r.randrange(ranks)}"
    done = runs.run(bench.case, out, *EVERY, *moving, *sets(output__every=0.01), ranks=ranks, fault=fault)
    CHECK.assertEqual(done.returncode, 3, f"{fault}: {done.stderr}")
    CHECK.assertIn("cell", done.stderr, fault)
    rows = runs.history(out) if (out / "history.csv").exists() else []
    CHECK.assertLessEqual(len(rows), visit + 1, fault)
    for file in itertools.chain(out.rglob("*.csv"), out.rglob("*.json"), out.rglob("*.series")):
        CHECK.assertIsNone(re.search(r"(?i)[:,\[]\s*\"?-?(nan|inf)\b", file.read_text()), f"{fault}: {file}")
    for file in itertools.chain(out.rglob("*.h5"), out.rglob("density_*.hdf")):
        values = runs.density(file) if file.suffix == ".h5" else \
            runs.h5py.File(file)["VTKHDF/CellData/density"][()]
        CHECK.assertTrue(runs.np.isfinite(values).all(), f"{fault}: {file}")


def memory(bench, _seed, trial):
    """Resident memory over 1e4 steps, from the slope between step 2000 and the end."""
    scheme = ("implicit_euler", "tr_bdf2", "midpoint", "exponential")[trial % 4]
    out = bench.fresh("memory")
    words = sets(time__scheme=scheme, time__step=1e-3, time__end=10, output__every=0.1,
                 checkpoint__every_steps=500)
    dump = {"PETSC_OPTIONS": "-objects_dump all"}  # lists what is alive when PETSc ends
    process = runs.start(bench.case, out, *words, **dump)
    page, seen = os.sysconf("SC_PAGE_SIZE"), []
    while process.poll() is None:
        try:
            resident = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * page
            with open(out / "history.csv", "rb") as stream:
                seen.append((sum(1 for _ in stream), resident))
        except (OSError, IndexError):
            pass
        time.sleep(0.005)
    CHECK.assertEqual(process.returncode, 0)
    CHECK.assertNotIn("never freed", process.stdout.read())
    late = [(s, m) for s, m in seen if s > 2000]
    CHECK.assertGreater(len(late), 5, "too few looks")
    slope = runs.np.polyfit(*zip(*late), 1)[0]
    bench.note(f"{scheme}: {slope:.0f} bytes of memory per step over {len(late)} looks")
    CHECK.assertLess(slope, 1000)


def plain_write(file, content):
    """Seconds of what anyone would do: blocks of 4 MB from memory, then fsync."""
    began = time.monotonic()
    with open(file, "wb", buffering=0) as stream:
        for at in range(0, len(content), 2**22):
            stream.write(content[at:at + 2**22])
        os.fsync(stream.fileno())
    return time.monotonic() - began


def cost(bench, _seed, trial):
    """Checkpoints of 1e7 cells, each followed by a plain write of its bytes to the same folder while the run is held:
    on one rank and on two. Two plain files are kept, as of the checkpoints."""
    ranks, steps, out = 1 + trial % 2, 8, bench.fresh("cost")
    words = sets(mesh__cells="[4000, 2500]", time__step=0.01, time__end=0.01 * steps, output__every=0,
                 output__format='"none"', checkpoint__every_steps=1, solver__rtol=1e-2)
    process = runs.start(bench.case, out, *words, ranks=ranks)
    took, plain = [], []

    def more():
        log = (out / "log.txt").read_text() if (out / "log.txt").exists() else ""
        took[:] = [float(t) for t in re.findall(r"checkpoint \S+ at .* in (\S+) s", log)]
        return len(took) > len(plain) or process.poll() is not None

    for k in range(steps):
        runs.wait_for(more, 600)
        CHECK.assertEqual(len(took), k + 1, "the run is over, or a checkpoint was missed")
        content = memoryview((out / f"checkpoints/ck-{k + 1:06d}.h5").read_bytes())
        held = runs.ranks_of(process) if process.poll() is None else []
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        (out / f"plain{k - 2}").unlink(missing_ok=True)
        plain.append(plain_write(out / f"plain{k}", content))
        for pid in held:
            os.kill(pid, signal.SIGCONT)
    talk(process)
    CHECK.assertEqual(process.returncode, 0)
    ratios = [t / p for t, p in zip(took, plain)]
    show = lambda x: " ".join(f"{v:.2f}" for v in x)  # noqa: E731
    bench.note(f"{ranks} ranks, {len(content) / 1e6:.0f} MB: checkpoints {show(took)} s, plain writes {show(plain)} s, "
               f"ratios {show(ratios)}, median {statistics.median(ratios):.2f}")
    CHECK.assertLessEqual(statistics.median(ratios), 3)


# name: (function, trials, what is counted)
ROWS = {
    "pairs": (pairs, 16, "pairs of writers and readers"),
    "kill": (kill, 200, "killed runs that reach the uninterrupted answer"),
    "damage": (damage, 500, "corruptions seen and passed by"),
    "full": (full, 50, "full disks: status 4, file named, earlier checkpoint good"),
    "signals": (signals, 40, "stops with status 75 and a good checkpoint"),
    "faults": (faults, 4 * len(places.run_places()), "faults that end all ranks within 10 s, one message"),
    "numbers": (numbers, 100, "values that are not finite, stopped in their step"),
    "life": (life.life, 300, "faults around a run: the uninterrupted answer, or a status with its reason and the answer after"),
    "memory": (memory, 4, "schemes with less than 1 kB per step over 1e4 steps"),
    "cost": (cost, 2, "rank counts whose checkpoints of 1e7 cells take at most 3 plain writes"),
}


def trials(name, options):
    if options.one:
        return [(options.seed, options.trial)]
    count = max(1, round(ROWS[name][1] * options.count / 100))
    step = ROWS[name][1] / count
    return [(options.seed + int(i * step), int(i * step)) for i in range(count)]


def main():
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--count", type=float, default=100)
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--only", action="append", choices=sorted(ROWS))
    reader.add_argument("--ranks", type=int, default=4)
    reader.add_argument("--one", action="store_true")
    reader.add_argument("--trial", type=int, default=0, help="of --one")
    reader.add_argument("--keep", action="store_true")
    reader.add_argument("--write", type=Path)
    options = reader.parse_args()
    bench, failed = Bench(options.ranks), 0
    lines = ["| | trials | good | seconds |", "| --- | --- | --- | --- |"]
    for name in options.only or ROWS:
        work, _, what = ROWS[name]
        began, good, plan = time.monotonic(), 0, trials(name, options)
        for seed, trial in plan:
            try:
                work(bench, seed, trial)
                good += 1
            except (AssertionError, OSError, subprocess.TimeoutExpired, TimeoutError, KeyError) as error:
                print(f"  {name}: seed {seed}, trial {trial}: {error}", flush=True)
                if options.keep:
                    shutil.copytree(bench.folder, f"{bench.folder}-{name}-{seed}", dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("ompi.*"))
        failed += good < len(plan)
        took = time.monotonic() - began
        print(f"{name}: {good}/{len(plan)} {what}, {took:.0f} s", flush=True)
        lines.append(f"| `{name}`: {what} | {len(plan)} | {good} | {took:.0f} |")
    if options.write:
        options.write.write_text("\n".join([*lines, "", *bench.notes]) + "\n", encoding="utf-8")
    shutil.rmtree(bench.folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
