#!/usr/bin/env python3
"""check.py: looks for faults in a built site.

    docs/site/check.py SITE [--no-browser]

reads every page and reports, one a line, page: fault,
  - links and pictures that lead to no file, or to no anchor of a page,
  - pages of more than MAX_WORDS words without a picture or a table,
  - pictures without a text, links and buttons without a name, links that the keyboard does not reach, headings that skip a level,
    pages without a language or a title, an id that stands twice;
then, in Chromium (browser.py): pages that scroll sideways at 400 pixels, formulas that are not set, text of low contrast in the light
and the dark colours, switches that the keyboard does not reach, errors of scripts, and a search that finds nothing.
Exit status: 0 where there is none, else 1. Of the library's reference, which Doxygen lays out, links are checked.
"""

import argparse
import os
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

MAX_WORDS = 1200
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
WIDGETS = {"a", "button"}


class Page(HTMLParser):
    """What one page holds: ids, links, words of its article, headings; and the faults that can be told from it alone."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.ids, self.links, self.faults = set(), [], []
        self.words = self.shows = 0
        self.open, self.headings, self.named, self.title = [], [], [], ""
        self.language = None
        self.feed(text)
        self.close()
        self.conclude()

    def inside(self, tag):
        return any(name == tag for name, _ in self.open)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "html":
            self.language = values.get("lang")
        for key in ("id", "name") if tag == "a" else ("id",):
            if values.get(key):
                if key == "id" and values[key] in self.ids:
                    self.faults.append(f"the id {values[key]} stands twice")
                self.ids.add(values[key])
        for key in ("href", "src"):
            if values.get(key) is not None:
                self.links.append(values[key])
        if tag == "img" or tag == "table":
            self.shows += self.inside("article")
        if tag == "img":
            self.picture(values)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if int(values.get("tabindex") or 0) > 0:
            self.faults.append(f"<{tag}> has a tabindex of its own")
        if "onclick" in values and tag not in WIDGETS | {"input", "label", "summary"}:
            self.faults.append(f"<{tag}> is clicked but the keyboard does not reach it")
        if tag in WIDGETS:
            self.named.append([tag, values, values.get("aria-label") or values.get("title") or ""])
        if tag not in VOID:
            self.open.append((tag, values))

    def handle_endtag(self, tag):
        while self.inside(tag):
            if self.open.pop()[0] == tag:
                break
        if tag in WIDGETS and self.named and self.named[-1][0] == tag:
            self.widget(*self.named.pop())

    def handle_data(self, data):
        if self.inside("script") or self.inside("style"):
            return
        if self.open and self.open[-1][0] == "title" and not self.inside("svg"):
            self.title += data
        for one in self.named:
            one[2] += data.strip()
        if self.inside("article"):
            self.words += len(data.split())

    def picture(self, values):
        text = (values.get("alt") or "").strip()
        decoration = values.get("aria-hidden") == "true" or values.get("role") == "presentation"
        if not text and not decoration:
            self.faults.append(f"the picture {values.get('src')} has no text")
        for one in self.named:
            one[2] += text

    def widget(self, tag, values, name):
        if tag == "a" and "href" not in values:
            if name:
                self.faults.append(f"the keyboard does not reach the link '{name}'")
        elif not name:
            self.faults.append(f"a <{tag}> has no name ({values.get('href') or values.get('class')})")

    def conclude(self):
        if not self.language:
            self.faults.append("no language is given")
        if not self.title.strip():
            self.faults.append("there is no title")
        if self.headings and (self.headings.count(1) != 1 or self.headings[0] != 1):
            self.faults.append("the first heading is not the only one of level 1")
        for above, below in zip(self.headings, self.headings[1:]):
            if below > above + 1:
                self.faults.append(f"a heading of level {below} follows one of level {above}")
        if self.words > MAX_WORDS and not self.shows:
            self.faults.append(f"{self.words} words without a picture or a table")


def read(site):
    """Path below the site -> its page."""
    found = {}
    for where, _, names in os.walk(site):
        for name in names:
            if name.endswith(".html") and "_static" not in os.path.relpath(where, site).split(os.sep):
                path = os.path.join(where, name)
                with open(path, encoding="utf-8") as file:
                    found[os.path.relpath(path, site)] = Page(file.read())
    return found


def broken(site, pages):
    """(page, fault) of every link that leads nowhere."""
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            there = os.path.normpath(os.path.join(os.path.dirname(path), unquote(parts.path))) if parts.path else path
            if there.startswith("..") or not os.path.exists(os.path.join(site, there)):
                yield path, f"{link} is not there"
            elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].ids:
                yield path, f"{link}: the page has no such anchor"


def check(site, browser=True):
    """(page, fault) of the whole site."""
    pages = read(site)
    if "index.html" not in pages:
        sys.exit(f"check.py: there is no {os.path.join(site, 'index.html')}: build the site with scripts/docs")
    found = list(broken(site, pages))
    ours = [path for path in pages if not path.startswith("library/")]
    found += [(path, fault) for path in ours for fault in pages[path].faults]
    if browser:
        from browser import in_browser
        found += in_browser(site, ours)
    links = sum(len(page.links) for page in pages.values())
    print(f"{len(ours)} pages, {len(pages) - len(ours)} of the library's reference, {links} links: {len(found)} faults")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", help="folder that holds index.html")
    parser.add_argument("--no-browser", action="store_true", help="only what the text of the pages tells")
    arguments = parser.parse_args()
    found = check(arguments.site, not arguments.no_browser)
    for path, fault in sorted(set(found)):
        print(f"{path}: {fault}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
