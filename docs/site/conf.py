"""Sphinx's configuration of the site; scripts/docs builds it from the pages that stage.py has laid out."""

import os
import re

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


with open(os.path.join(ROOT, "CITATION.cff"), encoding="utf-8") as citation:
    release = re.search(r"^version: (\S+)", citation.read(), re.MULTILINE)[1]

project = "Otto"
author = copyright = "The Otto developers"
language = "en"

extensions = ["myst_parser", "sphinx_copybutton", "sphinx.ext.mathjax"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4  # the slugs of GitHub, which the pages link to
suppress_warnings = ["myst.header"]

# Debian's MathJax 2 lies in _static, where scripts/docs puts it: no page asks another host for anything.
mathjax_path = "mathjax/MathJax.js?config=TeX-AMS_SVG-full"
mathjax2_config = {"SVG": {"linebreaks": {"automatic": True, "width": "container"}, "font": "TeX"},
                   "showMathMenu": False, "messageStyle": "none"}

html_theme = "furo"
html_title = f"Otto {release}"
html_css_files = ["otto.css"]
html_show_sourcelink = html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = False
