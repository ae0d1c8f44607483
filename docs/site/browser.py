"""What only a browser can tell of a site: probe.html opens page after page in a frame, and sends what it finds back here."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 600  # seconds for the whole site
# Set before all other scripts of a page: what goes wrong there, be it a script or a file that does not come.
LISTENER = ("<head><script>window.faults = []; addEventListener('error', e => faults.push(e.message ?? `${e.target.src ?? e.target.href} "
            "does not load`), true);</script>")
QUIET = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--mute-audio", "--window-size=1400,900"]


class Handler(SimpleHTTPRequestHandler):
    """Serves the site, the probe and the list of pages; takes the probe's findings."""

    def __init__(self, *arguments, shared, **rest):
        self.shared = shared
        super().__init__(*arguments, **rest)

    def do_GET(self):
        if self.path == "/probe.html":
            with open(os.path.join(HERE, "probe.html"), encoding="utf-8") as file:
                self.answer(file.read().replace("PAGES", json.dumps(self.shared["pages"])), "text/html; charset=utf-8")
        elif self.path.partition("?")[0].lstrip("/") in self.shared["pages"]:
            with open(self.translate_path(self.path), encoding="utf-8") as file:
                self.answer(file.read().replace("<head>", LISTENER, 1), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def do_POST(self):
        self.shared["found"] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer("", "text/plain")
        self.shared["done"].set()

    def answer(self, text, kind):
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def in_browser(site, pages):
    """(page, fault) of what the pages show in Chromium."""
    chromium = shutil.which("chromium") or sys.exit("check.py: needs chromium (Debian: chromium), or --no-browser")
    shared = {"pages": sorted(pages), "found": None, "done": threading.Event()}
    with ThreadingHTTPServer(("localhost", 0), partial(Handler, shared=shared, directory=site)) as server, \
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [chromium, *QUIET, f"--user-data-dir={profile}", f"http://localhost:{server.server_port}/probe.html"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            arrived = shared["done"].wait(PATIENCE)
            browser.terminate()
        server.shutdown()
    if not arrived:
        sys.exit(f"check.py: Chromium has not answered within {PATIENCE} s")
    return [tuple(one) for one in shared["found"]]
