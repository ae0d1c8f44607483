"""otto report: one page that holds everything it shows, for every kind of result, in Chromium where that is installed."""

import html.parser
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
OTTO = os.environ.get("OTTO", os.path.join(ROOT, "build", "otto"))
CHROMIUM = shutil.which("chromium")
VOID = {"meta", "input", "img", "br", "hr", "line", "circle"}


def otto(*words, status=0):
    done = subprocess.run([OTTO, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != status:
        raise AssertionError(f"otto {' '.join(words)}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


class Nesting(html.parser.HTMLParser):
    """Elements close in the order they opened; everything an image shows is in the page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.images = [], [], []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ("src", "href"):
            if name in given and not given[name].startswith("data:"):
                self.wrong.append(f"{tag} {name}={given[name][:60]}")
        if tag == "img":
            self.images.append(given.get("alt"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name

    def test_damaged_results_are_refused(self):
        folder = os.path.join(self.out, "damaged")
        os.makedirs(folder)
        for name, content in [("summary.json", b"{"), ("summary.json", b"\xff"), ("summary.json", b'{"time": [1], "mass": "x"}')]:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
            said = otto("report", folder, status=2)
            self.assertIn("damaged", said)
            self.assertNotIn("Traceback", said)

    def make(self, name, command, case, *settings):
        folder = os.path.join(self.out, name)
        words = [w for s in settings for w in ("--set", s)] if command != "sweep" else list(settings)
        otto(command, os.path.join(ROOT, "cases", case, "case.toml"), "-o", folder, *words)
        return folder

    def check(self, page):
        with open(page, encoding="utf-8") as file:
            text = file.read()
        seen = Nesting(text)
        self.assertEqual(seen.wrong, [])
        self.assertTrue(all(seen.images), "a picture without a description")
        self.assertNotRegex(re.sub(r"data:image/png;base64,[^\"]*", "", text), r"https?://|\bnan\b")
        return text

    def test_kinds(self):
        plane = self.make("plane", "run", "muller_brown", "time.end=0.02", "mesh.cells=[40,36]")
        folders = {
            "plane": (plane, ["Müller–Brown", "Play", "free energy over time", "Scharfetter"]),
            "line": (self.make("line", "run", "double_well_rates", "time.end=0.2"), ["density ρ over x", "TR-BDF2|Transient"]),
            "space": (self.make("space", "run", "double_well_3d", "time.end=0.02", "mesh.cells=[12,12,12]"), ["mid-planes"]),
            "mesh": (self.make("mesh", "run", "neck_escape", "time.end=0.1"), ["gmsh", "Play"]),
            "rates": (self.make("rates", "spectrum", "double_well_rates"), ["<h2>Rates</h2>"]),
            "study": (self.make("study", "converge", "heat_box", "mesh.cells=[8,8]", "time.step=0.02"), ["error over h"]),
            "sweep": (self.make("sweep", "sweep", "double_well_rates", "--over", "energy.temperature=0.5,1", "--set", "time.end=0.1"),
                      ["<h2>Sweep</h2>", "energy.final over energy.temperature", "The density at the end", "The same in all runs: [^<]*mesh.cells"]),
        }
        for name, (folder, words) in folders.items():
            with self.subTest(name):
                self.assertIn("report.html", otto("report", folder))
                text = self.check(os.path.join(folder, "report.html"))
                for word in words:
                    self.assertTrue(re.search(word, text), f"{name}: {word}")
        both = os.path.join(self.out, "both.html")
        otto("report", plane, folders["mesh"][0], "-o", both)
        self.assertIn("side by side", self.check(both))
        if CHROMIUM:
            self.in_chromium([both] + [os.path.join(folders[name][0], "report.html") for name in ("plane", "line", "space", "sweep")])

    def in_chromium(self, pages):
        """No word on the console, and nothing wider than a phone."""
        for page in pages:
            probe = os.path.join(self.out, "probe.html")
            with open(page, encoding="utf-8") as file:
                text = file.read()
            with open(probe, "w", encoding="utf-8") as file:
                file.write(text.replace("</body>", "<script>document.querySelectorAll('button').forEach(b => b.click());"
                                        "document.title = 'width ' + document.documentElement.scrollWidth;</script></body>"))
            done = subprocess.run(
                [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
                 f"--user-data-dir={self.out}/profile", "--window-size=500,900", "--dump-dom", f"file://{probe}"],
                capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
            self.assertNotIn("CONSOLE", done.stderr)
            width = int(re.search(r"<title>width (\d+)</title>", done.stdout)[1])
            self.assertLessEqual(width, 500)

    def test_refusals(self):
        self.assertIn("no such folder", otto("report", os.path.join(self.out, "nowhere"), status=2))
        self.assertIn("there is no summary.json", otto("report", self.out, status=2))
        self.assertIn("needs a folder", otto("report", status=2))
        folder = self.make("line", "run", "double_well_rates", "time.end=0.1")
        self.assertIn("cannot be written", otto("report", folder, "-o", os.path.join(self.out, "no", "page.html"), status=4))
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([OTTO, "report", folder], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn("takes no more text", done.stderr)
        self.assertTrue(os.path.exists(os.path.join(folder, "report.html")))

    def test_a_folder_may_have_the_name_of_a_command(self):
        os.makedirs(os.path.join(self.out, "demo"))
        done = subprocess.run([OTTO, "report", "demo"], cwd=self.out, capture_output=True, text=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertIn("demo: holds no results", done.stderr)

    def test_text_of_a_case_is_text(self):
        folder = self.make("line", "run", "double_well_rates", "time.end=0.1", "title=\"<script>alert(1)</script> & more\"")
        otto("report", folder)
        with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("<script>alert", text)
        self.assertIn("&lt;script&gt;", text)


if __name__ == "__main__":
    unittest.main()
