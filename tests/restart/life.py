"""Random faults of the world around a run of any command: ranks that are stopped, told to end, killed or fail by
themselves, readers that go away, streams and disks that are full, reads and writes that fail or do half of what they
should, limits of every kind, folders that vanish, clocks that jump, odd names. A trial
is good where the answer is the uninterrupted one or the status tells a failure with its reason, nobody hangs, and the same
command afterwards, without the fault, gives the uninterrupted answer."""

import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np

import places
import runs

HERE = Path(__file__).resolve().parent
CLOCK = re.compile(r"seconds|wall|memory|date|_ms\b|path|folder|command|ranks$|host")
PATIENCE = 300  # seconds; nothing here takes five by itself
RESUMABLE = ("run", "train", "fit")
# and what the reason has in it; 5 is for faults put into the program alone
STATUSES = {2: "otto: ", 3: "otto: ", 4: "otto: ", 5: "injected fault", 75: "topped"}
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))

TRAIN = """
[mesh]
kind = "box"
lower = [-4.0, -4.0]
upper = [4.0, 4.0]
cells = [16, 16]
[data]
library = "8gaussians"
[network]
kind = "mlp"
widths = [8]
[train]
iterations = 12
[checkpoint]
every_steps = 5
"""
FIT = """
[mesh]
kind = "box"
lower = [-3.0]
upper = [3.0]
cells = [24]
[[energy]]
kind = "entropy"
temperature = 0.5
[data]
snapshots = ["a.csv", "b.csv", "c.csv"]
times = [0.0, 0.2, 0.4]
[fit]
unknowns = ["external"]
deviations = 0
"""

PARTICLES = """
[data]
samples = "data.h5"
[network]
kind = "mlp"
widths = [8]
[train]
objective = "contrastive_divergence"
iterations = 30
batch = 64
judge = 10
[particles]
count = 100
steps = 2
[checkpoint]
every_steps = 10
"""
FEW = ("--ladders", "8", "--burn-in", "40", "--steps", "200")


def cases(folder):
    """The case files, and the words of every command; those with an @ are files of the folder."""
    rng = np.random.default_rng(1)
    texts = {"case": runs.CASE + "[checkpoint]\nevery_steps = 10\n", "train": TRAIN, "fit": FIT, "particles": PARTICLES}
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    for name, middle in (("a", -1.0), ("b", -0.8), ("c", -0.65)):
        np.savetxt(folder / f"{name}.csv", middle + 0.3 * rng.standard_normal(200))
    side = rng.choice((-1.0, 1.0), 300)[:, None]
    rows = side + 0.5 * rng.standard_normal((300, 4))
    with h5py.File(folder / "data.h5", "w") as file:
        file["train"], file["validation"], file["test"] = rows[:220], rows[220:260], rows[260:]
    status, said = Trial(folder, ("train", "@particles.toml"), folder / "learned", 1).go()
    if status != 0:
        raise AssertionError(said)
    for name, end in (("early", 0.1), ("late", 0.4)):
        runs.run(folder / "case.toml", folder / name, *runs.sets(time__end=end)).check_returncode()
    return {
        "run": ("run", "@case.toml", *runs.sets(time__step=0.001)),
        "jko": ("run", "@case.toml", *runs.sets(time__scheme="jko", time__step=0.005)),
        "train": ("train", "@train.toml"),
        "fit": ("fit", "@fit.toml"),
        "converge": ("converge", "@case.toml", "--levels", "4", *runs.sets(time__end=0.1)),
        "sweep": ("sweep", "@case.toml", "--over", "energy[1].temperature=0.5,1,2", *runs.sets(time__step=0.002)),
        "spectrum": ("spectrum", "@case.toml", *runs.sets(mesh__cells="[64, 48]")),
        "distance": ("distance", "@early/final.h5", "@late/final.h5"),
        "particles": ("train", "@particles.toml"),
        "sample": ("sample", "@learned/energy.pt", "--count", "200", *FEW),
        "likelihood": ("likelihood", "@learned/energy.pt", "--data", "@data.h5", "--particles", "60", "--temperatures", "60", *FEW),
    }


def numbers_of(value, name=""):
    """Of a JSON value, without clocks, sizes and places."""
    if isinstance(value, dict):
        return {k: numbers_of(v, k) for k, v in value.items() if not CLOCK.search(k)}
    return [numbers_of(v) for v in value] if isinstance(value, list) else value


def results(out):
    """Every number a finished command leaves in its folder, by file; checkpoints and logs apart."""
    found = {}
    for file in sorted(Path(out).rglob("*")):
        name = str(file.relative_to(out))
        if "checkpoints" in name or file.is_dir() or file.suffix in (".part", ".toml", ".txt", ".pt"):
            continue
        if file.suffix in (".h5", ".hdf"):
            values = {}
            with h5py.File(file) as stream:
                stream.visititems(lambda n, x, to=values: to.update({n: x[()].tobytes()} if isinstance(x, h5py.Dataset)
                                                                    and x.dtype.kind in "fiu" else {}))
            found[name] = values
        elif file.suffix == ".safetensors":
            found[name] = file.read_bytes()
        elif file.suffix in (".json", ".series"):
            found[name] = numbers_of(json.loads(file.read_text(encoding="utf-8")))
        elif file.suffix == ".csv":
            rows = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
            keep = [k for k, head in enumerate(rows[0]) if not CLOCK.search(head)]
            found[name] = [[row[k] for k in keep] for row in rows]
    return found


class Trial:
    """One command with its fault."""

    def __init__(self, folder, words, out, ranks):
        self.folder, self.words, self.out, self.ranks = folder, words, out, ranks
        self.cwd = folder
        self.environment = dict(os.environ)
        self.limits = []  # (resource, value)
        self.streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.took = 1  # seconds of the whole command
        self.resumes = words[0] in RESUMABLE  # what is in the folder afterwards
        self.during = lambda process: None
        self.after = lambda: None

    def command(self):
        words = [str(self.folder / w[1:]) if w.startswith("@") else w for w in self.words] + ["-o", str(self.out)]
        return [*(["mpirun", "--oversubscribe", "-n", str(self.ranks)] if self.ranks > 1 else []), runs.OTTO, *words]

    def limit(self):
        for kind, value in self.limits:
            resource.setrlimit(kind, (value, value))

    def go(self):
        """(status, what was said). Raises TimeoutExpired where it hangs."""
        process = subprocess.Popen(self.command(), cwd=self.cwd, env=self.environment, preexec_fn=self.limit,
                                   stdin=subprocess.DEVNULL, **self.streams)
        try:
            self.during(process)
            said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            runs.kill_all(process)
            raise
        finally:
            self.after()
        return process.returncode, b"".join(text or b"" for text in said).decode(errors="replace")


# The faults. Each takes the trial and a source of chance, and says what it did.

def signalled(number):
    def fault(trial, r):
        delay, everyone = r.uniform(0, trial.took), r.random() < 0.5
        chance = r.random()

        def during(process):
            time.sleep(delay)
            ranks = runs.ranks_of(process)
            for pid in ranks if everyone else [ranks[int(chance * len(ranks))]]:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        trial.during = during
        return f"{signal.Signals(number).name} after {delay:.2f} s to {'all' if everyone else 'one'}"
    return fault


def held(trial, r):
    delay, pause, chance = r.uniform(0, trial.took), r.uniform(1, 4), r.random()

    def during(process):
        time.sleep(delay)
        ranks = runs.ranks_of(process)
        victim = ranks[int(chance * len(ranks))]
        try:
            os.kill(victim, signal.SIGSTOP)
            time.sleep(pause)
            os.kill(victim, signal.SIGCONT)
        except ProcessLookupError:
            pass
    trial.during = during
    return f"a rank stopped for {pause:.1f} s"


def reader_leaves(trial, r):
    amount = r.randrange(400)

    def during(process):
        process.stdout.read(amount)
        process.stdout.close()
        process.stdout = None
    trial.during = during
    return f"the reader of standard output leaves after {amount} bytes"


def full_stream(trial, r):
    stream = open("/dev/full", "wb")
    trial.after = stream.close
    which = r.choice(("stdout", "stderr"))
    trial.streams[which] = stream
    return f"{which} is full"


def file_size(trial, r):
    size = int(10 ** r.uniform(2, 6))
    trial.limits.append((resource.RLIMIT_FSIZE, size))
    return f"no file beyond {size} bytes"


def few_files(trial, r):
    count = r.randint(8 if trial.ranks == 1 else 64, 64)  # with fewer mpirun itself may wait for ever, its ranks gone
    trial.limits.append((resource.RLIMIT_NOFILE, count))
    return f"{count} open files"


def little_memory(trial, r):
    size = r.randint(150, 1200)
    trial.limits.append((resource.RLIMIT_AS, size << 20))
    return f"{size} MB of address space"


def little_time(trial, r):
    trial.limits.append((resource.RLIMIT_CPU, r.randint(1, 2)))
    return "a limit of CPU seconds"


def folder_vanishes(trial, r):
    delay, away = r.uniform(0, trial.took), trial.out.with_name("away")

    def during(_process):
        time.sleep(delay)
        shutil.rmtree(away, ignore_errors=True)
        if trial.out.exists():
            trial.out.rename(away)
    trial.during, trial.resumes = during, False
    return f"the folder of results is moved away after {delay:.2f} s"


def read_only(trial, r):
    delay = r.uniform(0, trial.took)
    trial.out.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "--bind", trial.out, trial.out], capture_output=True, check=False).returncode == 0

    def during(_process):
        time.sleep(delay)
        if mounted:
            subprocess.run(["mount", "-o", "remount,ro,bind", trial.out], capture_output=True, check=False)
    trial.during = during
    if mounted:
        trial.after = lambda: subprocess.run(["umount", "-l", trial.out], capture_output=True, check=True)
    return f"the folder of results can only be read after {delay:.2f} s" + ("" if mounted else " (not: no mounts here)")


def no_working_folder(trial, _r):
    gone = trial.folder / "gone"
    gone.mkdir(exist_ok=True)
    trial.cwd = gone
    trial.environment["PWD"] = str(gone)
    trial.during = lambda _process: shutil.rmtree(gone, ignore_errors=True)
    return "the working folder is removed"


def no_temporary_folder(trial, _r):
    trial.environment["TMPDIR"] = str(trial.folder / "nowhere")
    return "no temporary folder"


def clock_jumps(trial, r):
    if not FAKETIME:
        return "the clock would jump, but libfaketime is not here"
    stamp = trial.folder / "clock"
    stamp.write_text("+0\n")
    delay, jump = r.uniform(0, trial.took), r.choice(("-3600", "+86400", "-400d"))
    trial.environment |= {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(stamp), "FAKETIME_NO_CACHE": "1",
                          "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def during(_process):
        time.sleep(delay)
        stamp.write_text(jump + "\n")
    trial.during = during
    return f"the clock jumps by {jump}"


def odd_name(trial, r):
    trial.out = trial.out.with_name(r.choice(("ü b%d $(x)", "ein\ttab", "-dash", "日本語 'q' \"z\"", "a\nline", "x" * 200)))
    return f"results in {trial.out.name!r}"


def bare_environment(trial, r):
    kept = {k: v for k, v in trial.environment.items() if k.startswith(("OMPI", "PRTE", "OMP_", "OPENBLAS"))}
    trial.environment = kept | {"PATH": os.environ["PATH"], "LC_ALL": r.choice(("C", "de_DE.UTF-8", "nonsense"))}
    return f"a bare environment, LC_ALL={trial.environment['LC_ALL']}"


def full_disk(trial, r):
    fault = f"kind=full,bytes={int(10 ** r.uniform(1, 6))},rank={r.randrange(trial.ranks)}"
    trial.environment["OTTO_FAULT"] = fault
    return f"a full disk ({fault})"


def marked_place(trial, r):
    """One of the ranks fails by itself, at a place of the sources."""
    kind = r.choice(("error", "memory", "exit", "kill"))
    fault = f"place={r.choice(places.all_places())},kind={kind},visit={r.choice((0, 0, 1, 3))},rank={r.randrange(trial.ranks)}"
    trial.environment["OTTO_FAULT"] = fault
    return f"a rank fails ({fault})"


def bad_files(kind):
    def fault(trial, r):
        library = trial.folder / "io_faults.so"
        if not library.exists():
            subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "io_faults.c", "-ldl"], check=True)
        after = int(10 ** r.uniform(0, 2.5)) - 1
        trial.environment |= {"LD_PRELOAD": str(library), "OTTO_IO_FOLDER": str(trial.folder), "OTTO_IO_FAULT": kind,
                              "OTTO_IO_AFTER": str(after)}
        return "reads and writes do half" if kind == "short" else f"{kind} errors of files after {after}"
    return fault


FAULTS = [held, *(signalled(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGKILL,
                                         signal.SIGPIPE)),
          reader_leaves, full_stream, file_size, few_files, little_memory, little_time, folder_vanishes, read_only,
          no_working_folder, no_temporary_folder, clock_jumps, odd_name, bare_environment,
          full_disk, marked_place, *map(bad_files, ("short", "read", "write", "full"))]


def life(bench, seed, trial_number):
    """Random faults during runs of every command."""
    r = random.Random(seed)
    folder = bench.folder / "life"
    folder.mkdir(exist_ok=True)
    if "life" not in bench.known:
        bench.known["life"] = cases(folder)
    commands = bench.known["life"]
    name = list(commands)[trial_number % len(commands)]
    fault = FAULTS[trial_number // len(commands) % len(FAULTS)]
    ranks = r.randint(1, min(3, bench.most))
    whole, took = whole_answer(bench, folder, commands[name], name, ranks)
    out = folder / "out"
    for old in (out, folder / "away"):
        shutil.rmtree(old, ignore_errors=True)
    trial = Trial(folder, commands[name], out, ranks)
    trial.took = took
    what = f"{name} on {ranks}: {fault(trial, r)}"
    status, said = trial.go()
    judge(what, status, said, trial.out, whole)
    again = Trial(folder, commands[name], trial.out, ranks)
    if trial.resumes and status != 0:
        again.words = (*again.words, "--resume", "auto")
    status, said = again.go()
    same(f"{what}; and once more: {said[-400:]}", status, trial.out, whole)
    shutil.rmtree(trial.out, ignore_errors=True)


def whole_answer(bench, folder, words, name, ranks):
    key = ("life", name, ranks)
    if key not in bench.known:
        out, began = folder / f"whole_{name}_{ranks}", time.monotonic()
        status, said = Trial(folder, words, out, ranks).go()
        if status != 0:
            raise AssertionError(f"{name}: {said}")
        bench.known[key] = results(out), time.monotonic() - began
    return bench.known[key]


def same(what, status, out, whole):
    if status != 0:
        raise AssertionError(f"{what}: status {status}")
    got = results(out)
    if got != whole:
        other = [n for n in {*got, *whole} if got.get(n) != whole.get(n)]
        raise AssertionError(f"{what}: other results in {sorted(other)}")


def judge(what, status, said, out, whole):
    if status == 0:
        away = out.with_name("away")  # where the fault came after the end
        same(what, status, away if away.exists() and not out.exists() else out, whole)
    elif status in STATUSES:
        told = STATUSES[status] in said or "runs failed" in said  # a sweep names each that did, with its reason
        if not told and "is full" not in what and "reader" not in what:
            raise AssertionError(f"{what}: status {status} without a reason")
    elif not ended_by_others(what, status, said):
        raise AssertionError(f"{what}: status {status}: {said[-600:]}")


def ended_by_others(what, status, said):
    """A signal that no program answers, or a system that could not even start it."""
    if "SIG" in what or "CPU seconds" in what or "kind=kill" in what or "kind=exit" in what:
        unborn = status == 1 and not said  # mpirun, of a rank that is gone before it begins
        return status < 0 or status > 128 or unborn or "signal" in said.lower() or "kind=exit" in what
    return "open files" in what or status == 127 or "shared libraries" in said or "orte_" in said or "Open RTE" in said
