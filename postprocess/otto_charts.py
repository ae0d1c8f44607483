"""Line charts as SVG text, coloured by the page they stand on (classes c0 ... c5, so that a page can be light or dark)."""

import html
import math
import re

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 80, 14, 12, 42
MOST_POINTS = 600  # of a curve; more are not seen at this width


def number(value):
    """A number for a reader: four digits, 1.2e-7 as it is."""
    if value is None or isinstance(value, float) and math.isnan(value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u2009")
    if isinstance(value, float):
        return re.sub(r"e([+-])0*", lambda found: "e" + found[1].replace("+", ""), f"{value:.4g}").replace("-", "−")
    return str(value)


def linear_ticks(low, high, count=4):
    """Round numbers between low and high."""
    span = high - low
    raw = span / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw)
    first = math.ceil(low / step - 1e-9) * step
    return [first + i * step for i in range(int((high - first) / step + 1e-9) + 1)]


def log_ticks(low, high):
    """Powers of ten, and 2 and 5 times them where there are few; round numbers where there are none of them."""
    if high - low < 0.8:
        return [math.log10(t) for t in linear_ticks(10**low, 10**high)]
    first, last = math.floor(low), math.ceil(high)
    stride = max(1, (last - first) // 6)
    ticks = [float(p) for p in range(first, last + 1, stride)]
    if last - first <= 2:
        ticks += [p + math.log10(m) for p in range(first, last + 1) for m in (2, 5)]
    return sorted(t for t in ticks if low - 1e-9 <= t <= high + 1e-9)


class Axis:
    """A range of values with room around it, on a linear or a logarithmic scale."""

    def __init__(self, values, log=False):
        self.log = log
        known = [self.place(v) for v in values if self.shown(v)]
        self.low, self.high = (min(known), max(known)) if known else (0.0, 1.0)
        if self.high - self.low <= 1e-12 * max(1.0, abs(self.high)):
            pad = 0.5 if log else max(0.5 * abs(self.high), 0.5)
            self.low, self.high = self.low - pad, self.high + pad

    def shown(self, value):
        return math.isfinite(value) and (value > 0 or not self.log)

    def place(self, value):
        return math.log10(value) if self.log else value

    def share(self, value):
        return (self.place(value) - self.low) / (self.high - self.low)

    def ticks(self):
        places = log_ticks(self.low, self.high) if self.log else linear_ticks(self.low, self.high)
        return [((t - self.low) / (self.high - self.low), 10**t if self.log else t) for t in places]


def _thin(points):
    stride = max(1, -(-len(points) // MOST_POINTS))
    return points[::stride] + ([points[-1]] if (len(points) - 1) % stride else [])


def line_chart(series, x_name, y_name, log_x=False, log_y=False, marks=False):
    """`series`: (label, xs, ys) each. A chart without a point to show is an empty text."""
    pairs = [(label, list(zip(map(float, xs), map(float, ys)))) for label, xs, ys in series]
    x_axis = Axis([x for _, points in pairs for x, _ in points], log_x)
    y_axis = Axis([y for _, points in pairs for _, y in points], log_y)
    shown = [(label, [(x, y) for x, y in points if x_axis.shown(x) and y_axis.shown(y)]) for label, points in pairs]
    if not any(points for _, points in shown):
        return ""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x, y):
        return LEFT + width * x_axis.share(x), TOP + height * (1 - y_axis.share(y))

    title = html.escape(f"{y_name} over {x_name}")
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"><title>{title}</title>']
    for share, value in y_axis.ticks():
        y = TOP + height * (1 - share)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(float(value))}</text>')
    for share, value in x_axis.ticks():
        x = LEFT + width * share
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                     f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{number(float(value))}</text>')
    for index, (_, points) in enumerate(shown):
        places = [at(x, y) for x, y in _thin(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline class="curve c{index % 6}" points="{path}"/>')
        if marks or len(places) == 1:
            parts += [f'<circle class="mark c{index % 6}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
    parts.append(f'<text class="name" x="{LEFT + width / 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x_name)}</text>'
                 f'<text class="name" transform="translate(14 {TOP + height / 2}) rotate(-90)" text-anchor="middle">'
                 f'{html.escape(y_name)}</text></svg>')
    if len(shown) > 1:
        keys = "".join(f'<span class="key c{i % 6}">{html.escape(str(label))}</span>' for i, (label, _) in enumerate(shown))
        parts.append(f'<p class="keys">{keys}</p>')
    return "".join(parts)
