"""The site: scripts/docs builds it and finds no fault in it; and the check finds every fault that is planted."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from page_blocks import ROOT

sys.path.insert(0, os.path.join(ROOT, "docs", "site"))
import browser  # noqa: E402
import check  # noqa: E402

NEEDED = {"sphinx", "myst_parser", "sphinx_copybutton", "furo"}
SOUND = """<html lang="en"><head><title>Page</title></head><body style="background:#fff;color:#000"><article>
<h1 id="top">Page</h1><h2>Part</h2><p>{}</p><a href="{}">go</a></article></body></html>"""
PLANTED = """<html><head></head><body><img src="none.png"><article><h1 id="top">a</h1><h3 id="top">b</h3><a href="good.html#gone">c</a>
<a href="gone.html">d</a><a href="good.html"></a><a>e</a><span onclick="f()">g</span><a href="#top" tabindex="3">h</a>
<p>""" + "word " * (check.MAX_WORDS + 1) + "</p></article></body></html>"
SHOWN = """<html lang="en"><head><title>Page</title><script>nowhere();</script></head><body style="background:#fff"><article><h1>a</h1>
<p style="color:#999">faint</p><p style="width:900px">wide</p><p>We have \\(\\rho\\)</p><span class="math">\\(V\\)</span>
<label for="box">box</label><input id="box" type="checkbox" style="display:none"></article></body></html>"""


class Planted(unittest.TestCase):
    def site(self, **pages):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for name, text in pages.items():
            with open(os.path.join(folder, name + ".html"), "w", encoding="utf-8") as file:
                file.write(text)
        return folder

    def test_each_fault_of_a_page_is_found(self):
        site = self.site(index=PLANTED, good=SOUND.format("text", "index.html#top"))
        found = check.check(site, browser=False)
        self.assertEqual({page for page, _ in found}, {"index.html"})
        text = "\n".join(fault for _, fault in found)
        for word in ("none.png is not there", "gone.html is not there", "#gone: the page has no such anchor", "none.png has no text",
                     "a <a> has no name", "does not reach the link 'e'", "<span> is clicked", "tabindex", "no language", "no title",
                     "level 3 follows one of level 1", "the id top stands twice", "words without a picture"):
            self.assertIn(word, text)
        self.assertEqual(len(found), 13, text)

    @unittest.skipUnless(shutil.which("chromium"), "needs chromium")
    def test_each_fault_that_is_seen_is_found(self):
        found = browser.in_browser(self.site(index=SHOWN, good=SOUND.format("sound", "#")), ["index.html", "good.html"])
        self.assertEqual({page for page, _ in found}, {"index.html"}, found)
        text = "\n".join(fault for _, fault in found)
        for word in ("nowhere is not defined", "light colours: 'faint'", "dark colours: 'faint'", "2.85", "pixels wide", "raw TeX",
                     "a formula is not set", "does not reach 'box'"):
            self.assertIn(word, text)


class Site(unittest.TestCase):
    @unittest.skipUnless(all(importlib.util.find_spec(name) for name in NEEDED) and shutil.which("doxygen")
                         and os.path.isdir("/usr/share/javascript/mathjax"), "needs the set `docs` of scripts/packages.txt")
    @unittest.skipUnless(shutil.which("chromium"), "needs chromium")
    def test_without_a_fault(self):
        done = subprocess.run([os.path.join(ROOT, "scripts/docs"), "--check"], capture_output=True, text=True, timeout=1100, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(": 0 faults", done.stdout)


if __name__ == "__main__":
    unittest.main()
