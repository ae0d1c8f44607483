"""`otto` without starting it each time: one process per number of ranks, bad_input/answers.cpp, answers many command lines.

    done = otto(words, folder, ranks)      like subprocess.run: returncode, stdout, stderr

A run that resumes gets a process of its own: it may know nothing but what stands in the files. For what else needs one
(signals, environment, limits, clocks) tests start the program themselves.
"""

import atexit
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = os.path.join(os.path.dirname(os.environ["OTTO"]), "otto_answers")
PATIENCE = float(os.environ.get("OTTO_PATIENCE", "1"))  # times as long as usual: sanitizers
running = {}  # ranks -> Server


def read(name):
    with open(name, encoding="utf-8", errors="replace") as file:
        return file.read()


class Server:
    def __init__(self, ranks):
        self.folder, self.count = tempfile.mkdtemp(), 0
        pipes = [os.path.join(self.folder, name) for name in (*map(str, range(ranks)), "reply")]
        for pipe in pipes:
            os.mkfifo(pipe)
        # Open for both, so that nobody waits here for the other end.
        *self.ranks, self.reply = [os.open(pipe, os.O_RDWR) for pipe in pipes]
        launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
        self.own_words = open(os.path.join(self.folder, "words"), "w", encoding="utf-8")
        # Open MPI 5 says on standard error where it finds no network; other plug-ins take a second to start.
        self.process = subprocess.Popen([*launch, PROGRAM, self.folder], stdin=subprocess.DEVNULL, stdout=self.own_words,
                                        stderr=subprocess.STDOUT, env={**os.environ, "OMPI_MCA_btl": "self,vader"})

    def answer(self, words, folder, timeout):
        self.count += 1
        files = {name: os.path.join(self.folder, f"{self.count}.{name}") for name in ("stdout", "stderr")}
        line = json.dumps({"folder": os.path.abspath(folder), "words": list(map(str, words)), **files}) + "\n"
        for pipe in self.ranks:
            data = line.encode()
            while data:
                data = data[os.write(pipe, data):]
        statuses, end = b"", time.monotonic() + timeout
        while statuses.count(b"\n") < len(self.ranks):
            if select.select([self.reply], [], [], 0.1)[0]:
                statuses += os.read(self.reply, 4096)
            elif self.process.poll() is not None:
                break
            elif time.monotonic() > end:
                self.process.kill()
                raise subprocess.TimeoutExpired([PROGRAM, *words], timeout)
        found = {int(status) for status in statuses.split()}
        if self.process.poll() is not None:  # it has ended all ranks itself
            found = {self.process.returncode}
        if len(found) != 1:
            raise AssertionError(f"{words}: the ranks end with {found}")
        output, errors = (read(file) if os.path.exists(file) else "" for file in files.values())
        if self.process.poll() is not None:
            errors += read(self.own_words.name)
        return subprocess.CompletedProcess([PROGRAM, *words], found.pop(), output, errors)

    def close(self):
        for pipe in (*self.ranks, self.reply):
            os.close(pipe)
        try:
            self.process.wait(60 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.own_words.close()
        shutil.rmtree(self.folder)


def otto(words, folder=".", ranks=1, timeout=600):
    """The answer to `otto WORDS` in the folder on that many ranks."""
    if "--resume" in words:
        launch = ["mpirun", "-n", str(ranks), "--oversubscribe"] if ranks > 1 else []
        return subprocess.run([*launch, os.environ["OTTO"], *map(str, words)], cwd=folder, capture_output=True, text=True,
                              timeout=timeout * PATIENCE, check=False, stdin=subprocess.DEVNULL)
    server = running.get(ranks)
    if server is None or server.process.poll() is not None:
        if server is not None:
            server.close()
        server = running[ranks] = Server(ranks)
    return server.answer(words, folder, timeout * PATIENCE)


@atexit.register
def close_all():
    for server in running.values():
        server.close()
