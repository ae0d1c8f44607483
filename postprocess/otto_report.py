"""One HTML page about a folder of results, or several side by side: what was asked, the verdict with its warnings, pictures,
tables, provenance. The page holds everything it shows and opens without a network, light or dark, on paper too.
"""

import csv
import html
import os

from otto_charts import line_chart, number
from otto_pictures import axis_name, choose_frames, field_name, with_unit
from otto_results import Results, ResultsError

STYLE = """
:root { --paper: #fff; --ink: #1c2126; --soft: #5b6670; --line: #d9dee3; --panel: #f4f6f8; --good: #1a6b3c; --bad: #a3271c;
  --c0: #0072b2; --c1: #b35900; --c2: #007a5e; --c3: #a03e7c; --c4: #6a5acd; --c5: #5b6670; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e6eaee; --soft: #a3adb7; --line: #353d45; --panel: #1d2329;
  --good: #6fcf97; --bad: #ff8a7a; --c0: #56b4e9; --c1: #e69f00; --c2: #2fc4a0; --c3: #e08cc0; --c4: #a79bff; --c5: #a3adb7; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1100px; padding: 16px; font: 16px/1.5 system-ui, sans-serif; background: var(--paper); color: var(--ink); }
h1 { font-size: 1.5rem; margin: .3rem 0; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 1.6rem 0 .5rem; }
.soft, figcaption { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.verdict { border-left: 5px solid var(--good); background: var(--panel); padding: .6rem 1rem; } .verdict.failed { border-color: var(--bad); }
.warnings li { margin: .3rem 0; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; } th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 16px; } figure { margin: 0; min-width: 0; }
.chart { width: 100%; max-width: 620px; height: auto; } .chart .grid { stroke: var(--line); } .chart text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.chart .name { fill: var(--ink); } .curve { fill: none; stroke-width: 2; } .c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); }
.c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .curve { stroke: var(--c); } .mark { fill: var(--c); }
.keys { margin: 0; font-size: .85rem; } .key { display: inline-block; margin-right: 1rem; overflow-wrap: anywhere; } .key::before { content: ""; display: inline-block; width: 1.2em;
  height: 3px; background: var(--c); margin-right: .4em; vertical-align: middle; }
.player img.frame { display: none; width: 100%; max-width: 520px; image-rendering: auto; } .player img.now { display: block; }
.player.wide img.frame { max-width: 900px; } .player input { width: min(55%, 340px); } .player output { white-space: nowrap; } .bar img { width: 160px; height: 12px; vertical-align: middle; }
button { font: inherit; padding: .1rem .7rem; background: var(--panel); color: var(--ink); border: 1px solid var(--line); border-radius: 4px; }
pre { background: var(--panel); padding: .8rem; overflow-x: auto; font-size: .85rem; }
@media print { body { max-width: none; color: #000; background: #fff; } .player .controls { display: none; } .player img.print { display: inline-block;
  width: 30%; } figure, tr, .verdict { break-inside: avoid; } details { display: none; } }
"""

SCRIPT = """
for (const player of document.querySelectorAll(".player")) {
  const frames = player.querySelectorAll("img.frame"), slider = player.querySelector("input"), time = player.querySelector("output");
  const button = player.querySelector("button");
  let timer = null;
  const show = i => { frames.forEach((f, k) => f.classList.toggle("now", k == i)); time.value = frames[i].dataset.time; slider.value = i; };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); show(+slider.value); });
  button.addEventListener("click", () => {
    if (timer) return stop();
    button.textContent = "Stop";
    if (+slider.value == frames.length - 1) show(0);
    timer = setInterval(() => { const next = +slider.value + 1; if (next >= frames.length) return stop(); show(next); }, 200);
  });
  show(frames.length - 1);
}
"""

REFERENCES = {
    "jko": "R. Jordan, D. Kinderlehrer, F. Otto, The variational formulation of the Fokker–Planck equation, SIAM J. Math. Anal. 29 (1998).",
    "scharfetter_gummel": "D. L. Scharfetter, H. K. Gummel, Large-signal analysis of a silicon Read diode oscillator, IEEE Trans. Electron Devices 16 (1969).",
    "tr_bdf2": "R. E. Bank et al., Transient simulation of silicon devices and circuits, IEEE Trans. CAD 4 (1985).",
    "distance": "J.-D. Benamou, Y. Brenier, A computational fluid mechanics solution to the Monge–Kantorovich mass transfer problem, Numer. Math. 84 (2000).",
    "software": "Otto: see CITATION.cff of its source for the entry.",
}


def esc(value):
    return html.escape(str(value))


def read_table(path):
    """(names, rows) of a CSV file; none without it."""
    if not os.path.exists(path):
        return [], []
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return (rows[0], rows[1:]) if rows else ([], [])


def cell(text):
    try:
        value = float(text)
    except ValueError:
        return f"<td>{esc(text) or '–'}</td>"
    return f'<td class="n">{number(int(value) if value == int(value) and "." not in text and "e" not in text else value)}</td>'


def table(names, rows, most=60):
    head = "".join(f"<th>{esc(n)}</th>" for n in names)
    body = "".join("<tr>" + "".join(cell(c) for c in row) + "</tr>" for row in rows[:most])
    more = f'<p class="soft">{len(rows) - most} more rows in the file</p>' if len(rows) > most else ""
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}'


def flatten(value, name=""):
    """Leaves of nested dicts: ("mesh.cells", 64); long lists are left to the file."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}.{key}" if name else key)
    elif not isinstance(value, list):
        yield name, value
    elif len(value) <= 12 and all(not isinstance(v, (dict, list)) for v in value):
        yield name, ", ".join(number(v) for v in value)


def figure(chart, caption):
    return f"<figure>{chart}<figcaption>{esc(caption)}</figcaption></figure>" if chart else ""


class Folder:
    """What a folder holds, whatever command has filled it."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.name = os.path.basename(self.path)
        if not os.path.isdir(self.path):
            raise ResultsError(f"{path}: no such folder")
        self.results = Results.__new__(Results)
        self.results.folder, self.results._whole = self.path, self.results
        self.summary = self.results.summary
        if not self.summary:
            raise ResultsError(f"{path}: holds no results: there is no summary.json")
        self.history = self.results.history
        self.kind = next((k for k in ("train", "fit", "spectrum", "distance") if k in self.summary), None)
        for kind in ("sweep", "convergence"):
            if os.path.exists(self.file(f"{kind}.csv")):
                self.kind = kind
        self.kind = self.kind or "run"

    def file(self, name):
        return os.path.join(self.path, name)

    def fields(self):
        """Results with its series; None where there is none to draw."""
        try:
            results = Results(self.path)
            return results if results.grid is not None else None
        except (ResultsError, KeyError, OSError, ValueError):
            return None


def verdict(folder):
    s = folder.summary
    words = {"completed": "completed", "stopped": "stopped before its end", "failed": "failed"}.get(s.get("status"), s.get("status"))
    facts = []
    if "time" in s:
        facts.append(f"t = {number(s['time']['end'])} after {number(s['time']['steps'])} steps of {esc(s['time']['scheme'])}, "
                     f"{number(s['time']['rejected'])} refused, {number(s['time'].get('fallbacks', 0))} fallbacks")
    if "mass" in s:
        facts.append(f"largest relative change of the mass {number(s['mass']['max_relative_drift'])}, "
                     f"lowest density {number(s.get('min_density'))}")
    if s.get("energy", {}).get("exists"):
        facts.append(f"free energy {number(s['energy']['initial'])} → {number(s['energy']['final'])}, "
                     f"largest increase in a step {number(s['energy']['max_increase'])}")
    if "error" in s and "l1" in s["error"]:
        facts.append(f"L1 error against the exact density {number(s['error']['l1'])}")
    if "train" in s:
        facts.append(f"objective {esc(s['train']['objective'])}, {number(s['train']['iterations'])} iterations, KL {number(s['train'].get('kl'))}")
    if "fit" in s:
        fit = s["fit"]
        facts.append(f"{esc(number(fit.get('unknowns')) if not isinstance(fit.get('unknowns'), list) else ', '.join(fit['unknowns']))} inferred "
                     f"at kT = {number(fit.get('temperature'))}, misfit {number(fit.get('misfit'))}")
        if isinstance(fit.get("heldout"), dict):
            facts.append(f"KL of the snapshots kept out {number(fit['heldout'].get('kl'))}, baseline {number(fit['heldout'].get('baseline_kl'))}")
        if isinstance(fit.get("curl"), dict):
            facts.append(f"a gradient flow: {esc(fit['curl'].get('verdict'))}")
    if "distance" in s:
        facts.append(f"W2 = {number(s['distance'].get('w2'))}")
    if "reason" in s:
        facts.append(esc(s["reason"]))
    seconds, ranks = s.get("seconds", {}).get("total"), s.get("ranks")
    facts.append(f"{number(seconds)} s on {ranks} rank{'' if ranks == 1 else 's'}")
    state = " failed" if s.get("status") == "failed" else ""
    text = f'<div class="verdict{state}"><strong>{esc(words)}</strong>: ' + "; ".join(facts) + ".</div>"
    if s.get("warnings"):
        items = "".join(f"<li>{esc(w)}</li>" for w in s["warnings"])
        text += f'<h2>Warnings</h2><ul class="warnings">{items}</ul>'
    return text


def player(folder):
    """The density over time."""
    results = folder.fields()
    if results is None:
        return ""
    if results.grid.dimension == 1:
        return density_curves(results)
    from otto_frames import frames

    pictures, bar, (low, high) = frames(results)
    if not pictures:
        return ""
    last = len(pictures) - 1
    shown = {0, last // 2, last}
    images = "".join(
        f'<img class="frame{" print" if i in shown else ""}{" now" if i == last else ""}" data-time="t = {number(t)}" src="{src}" '
        f'alt="density at t = {number(t)}">' for i, (t, src) in enumerate(pictures))
    lower, upper = results.grid.vertices.min((0, 1)), results.grid.vertices.max((0, 1))
    extent = ", ".join(f"{a} from {number(float(lower[i]))} to {number(float(upper[i]))}"
                       for i, a in enumerate("xyz"[:results.grid.dimension]))
    what = "; mid-planes across x, y and z" if results.grid.dimension == 3 else ""
    controls = (f'<p class="controls"><button type="button">Play</button> <input type="range" min="0" max="{last}" value="{last}" '
                f'aria-label="time"> <output></output></p>') if last else '<p class="controls" hidden><button></button><input type="range"><output></output></p>'
    wide = " wide" if results.grid.dimension == 3 else ""
    return (f'<h2>Density</h2><figure class="player{wide}">{images}{controls}<figcaption><span class="bar">{number(low)} '
            f'<img src="{bar}" alt="colour scale"> {number(high)}</span> (square-root scale){what}; {extent}</figcaption></figure>')


def density_curves(results):
    import numpy as np

    order = np.argsort(results.grid.centers[:, 0])
    x = results.grid.centers[order, 0]
    series = [(f"t = {number(float(results.times[i]))}", x, results.field(i)[order]) for i in choose_frames(results, 6)]
    return '<h2>Density</h2>' + figure(line_chart(series, axis_name(results, 0), field_name(results, "density")),
                                      "The density at times between which it changes equally much.")


def charts(folder):
    """What the history tells."""
    h, parts = folder.history, []
    units = folder.results.case.get("units", {})
    energy, duration = units.get("energy", ""), units.get("time", "")
    time, power = with_unit("time", duration), f"{energy} / {duration}" if energy and duration else ""
    if "free_energy" in h and len(h["time"]) > 1:
        t = h["time"]
        parts.append(figure(line_chart([("F", t, h["free_energy"])], time, with_unit("free energy", energy)), "The free energy."))
        if "kl_gibbs" in h:
            parts.append(figure(line_chart([("KL", t, h["kl_gibbs"])], time, "KL to the Gibbs density", log_y=True),
                                "The distance to the Gibbs density."))
        parts.append(figure(line_chart([("D", t, h["dissipation"])], time, with_unit("dissipation", power), log_y=True), "The dissipation."))
        parts.append(figure(line_chart([("Newton", t[1:], h["newton_iterations"][1:]), ("linear", t[1:], h["linear_iterations"][1:])],
                                       time, "iterations of a step"), "Iterations of each step."))
        drift = abs(h["mass"] / h["mass"][0] - 1) if h["mass"][0] else h["mass"]
        parts.append(figure(line_chart([("mass", t, drift)], time, "relative change of mass", log_y=True), "The mass ledger."))
        if len(set(h["dt"][1:])) > 1:
            parts.append(figure(line_chart([("dt", t[1:], h["dt"][1:])], time, with_unit("step", duration), log_y=True),
                                "The length of steps."))
        if "refused" in h and h["refused"].any():
            parts.append(figure(line_chart([("refused", t, h["refused"])], time, "refused attempts", marks=True), "Refusals."))
    elif "iteration" in h:
        for column in ("kl", "loss", "objective", "misfit", "gradient_norm"):
            if column in h:
                parts.append(figure(line_chart([(column, h["iteration"], h[column])], "iteration", column, log_y=bool((h[column] > 0).any())),
                                    f"{column} over the iterations."))
        if "primal" in h:
            parts.append(figure(line_chart([("upper", h["iteration"], h["primal"]), ("lower", h["iteration"], h["dual"])], "iteration",
                                           "bounds of W2²"), "The two bounds."))
    parts = [p for p in parts if p]
    return f'<h2>Ledger</h2><div class="charts">{"".join(parts)}</div>' if parts else ""


def fitted_energy(folder):
    """V of a fit on a line, with its error bars."""
    if not os.path.exists(folder.file("V.h5")):
        return ""
    import h5py
    import numpy as np

    with h5py.File(folder.file("V.h5")) as file:
        cells = {name: file["cells"][name][()] for name in ("center", "value", "deviation") if name in file["cells"]}
    centers = np.asarray(cells["center"]).reshape(len(cells["value"]), -1)
    if centers.shape[1] != 1 or "deviation" not in cells:
        return ""
    order = np.argsort(centers[:, 0])
    x, V, off = centers[order, 0], cells["value"][order], 2 * cells["deviation"][order]
    known = np.isfinite(off) & (off < np.ptp(V))
    series = [("V", x[known], V[known]), ("+ 2 deviations", x[known], (V + off)[known]), ("− 2 deviations", x[known], (V - off)[known])]
    return "<h2>Inferred energy</h2>" + figure(line_chart(series, "x", "V"), "V where its deviation is less than its range.")


def studies(folder):
    """Tables of the commands that make one."""
    text = ""
    names, rows = read_table(folder.file("convergence.csv"))
    if rows:
        columns = {n: [float(r[i]) if r[i] else float("nan") for r in rows] for i, n in enumerate(names)}
        chart = line_chart([(n, columns["h"], columns[n]) for n in ("l1", "l2", "linf") if n in columns], "h", "error", True, True, True)
        text += "<h2>Convergence</h2>" + figure(chart, "Errors against the width of cells.") + table(names, rows)
    if folder.kind == "sweep" and read_table(folder.file("sweep.csv"))[1]:
        from otto_sweep_page import sweep_section

        text += sweep_section(folder.path, table)
    names, rows = read_table(folder.file("spectrum.csv"))
    if rows:
        text += "<h2>Rates</h2>" + table(names, rows)
    return text


def provenance(folder):
    s = folder.summary
    wanted = ("version", "revision", "compiler", "libraries", "case_hash", "date", "case", "fingerprint", "ranks", "memory_mb", "seconds")
    rows = [(n, v) for n, v in flatten({k: s[k] for k in wanted if k in s})]
    body = "".join(f"<tr><th>{esc(n)}</th><td>{esc(number(v))}</td></tr>" for n, v in rows)
    schemes = {s.get("time", {}).get("scheme", ""), folder.kind, folder.results.case.get("flux", {}).get("kind", "")}
    if any(name.startswith("jko") for name in schemes):
        schemes.add("jko")
    cited = [REFERENCES[k] for k in REFERENCES if k in schemes or k == "software"]
    return (f'<h2>Provenance</h2><div class="scroll"><table>{body}</table></div><h2>To cite</h2><ul>'
            + "".join(f"<li>{esc(c)}</li>" for c in cited) + "</ul>")


def asked(folder):
    path = folder.file("case.resolved.toml")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    case = folder.results.case
    terms = "; ".join(" ".join(f"{k} = {v}" for k, v in term.items() if k in ("kind", "temperature", "expression", "library", "network", "exponent"))
                      for term in case.get("energy", []))
    mesh = case.get("mesh", {})
    where = mesh.get("file") or f"cells {mesh.get('cells')}, from {mesh.get('lower')} to {mesh.get('upper')}" if mesh else ""
    rows = [("mesh", f"{mesh.get('kind', '')} {where}" if mesh else ""), ("energy", terms),
            ("initial", ", ".join(f"{k} = {v}" for k, v in case.get("initial", {}).items())),
            ("time", ", ".join(f"{k} = {v}" for k, v in case.get("time", {}).items() if k in ("scheme", "step", "end", "adaptive", "tolerance")))]
    body = "".join(f"<tr><th>{n}</th><td>{esc(v)}</td></tr>" for n, v in rows if v)
    return (f'<h2>What was asked</h2><div class="scroll"><table>{body}</table></div><details><summary>The whole case, every key</summary>'
            f"<pre>{esc(text)}</pre></details>")


def figures_of(folder):
    """Every number of the summary."""
    skip = ("libraries", "warnings", "version", "revision", "compiler", "case", "case_hash", "date", "fingerprint", "title", "status", "seconds")
    rows = [(n, v) for n, v in flatten({k: v for k, v in folder.summary.items() if k not in skip})]
    body = "".join(f'<tr><th>{esc(n)}</th><td class="n">{esc(number(v))}</td></tr>' for n, v in rows)
    return f'<h2>Figures</h2><div class="scroll"><table>{body}</table></div>' if rows else ""


def one(folder):
    title = folder.summary.get("title") or folder.name
    return (f'<header><p class="soft">Otto, {esc(folder.kind)}, {esc(folder.path)}</p><h1>{esc(title)}</h1></header>'
            + verdict(folder) + asked(folder) + player(folder) + fitted_energy(folder) + charts(folder) + studies(folder) + figures_of(folder) + provenance(folder))


def side_by_side(folders):
    """Curves together, and every figure that differs."""
    names = [f.name if [g.name for g in folders].count(f.name) == 1 else f.path for f in folders]
    parts = []
    for column, words, log in (("free_energy", "free energy", False), ("dissipation", "dissipation", True),
                               ("linear_iterations", "linear iterations", False), ("kl", "KL", True)):
        over = "iteration" if column == "kl" else "time"
        series = [(n, f.history[over], f.history[column]) for n, f in zip(names, folders) if column in f.history and over in f.history]
        if len(series) > 1:
            parts.append(figure(line_chart(series, over, words, log_y=log), words))
    flat = [dict(flatten({k: v for k, v in f.summary.items() if k not in ("libraries", "warnings", "case_hash", "fingerprint")})) for f in folders]
    keys = [k for k in dict.fromkeys(k for f in flat for k in f) if len({str(f.get(k)) for f in flat}) > 1]
    head = "".join(f"<th>{esc(n)}</th>" for n in names)
    body = "".join(f"<tr><th>{esc(k)}</th>" + "".join(f'<td class="n">{esc(number(f.get(k)))}</td>' for f in flat) + "</tr>" for k in keys)
    charts_text = f'<div class="charts">{"".join(parts)}</div>' if parts else ""
    return (f"<h1>{len(folders)} results side by side</h1>{charts_text}<h2>What differs</h2>"
            f'<div class="scroll"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def page(paths):
    """The HTML of one folder or several."""
    folders = [Folder(p) for p in paths]
    title = folders[0].summary.get("title") or folders[0].name if len(folders) == 1 else f"{len(folders)} results of Otto"
    body = "<hr>".join(([side_by_side(folders)] if len(folders) > 1 else []) + [f"<section>{one(f)}</section>" for f in folders])
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{esc(title)}</title><style>{STYLE}</style></head><body><main>{body}</main><script>{SCRIPT}</script></body></html>\n")
