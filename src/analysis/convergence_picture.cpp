// A picture that needs no other program: errors against the refined length on logarithmic axes.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/analysis/convergence.h"

namespace otto {

namespace {

constexpr double width = 560, height = 400, left = 78, right = 18, top = 34, bottom = 52;

/// A logarithmic axis from the decade below `low` to the one above `high`.
struct Axis {
  Axis(double low, double high, double from, double to)
      : first(std::floor(std::log10(low) - 0.05)),
        last(std::ceil(std::log10(high) + 0.05)),
        start(from),
        end(to) {}
  [[nodiscard]] double operator()(double x) const {
    return start + (std::log10(x) - first) / (last - first) * (end - start);
  }
  double first, last, start, end;
};

struct Point2 {
  double x, y;
};

std::string path(const std::vector<Point2>& points, const Axis& x, const Axis& y,
                 const std::string& style) {
  std::string words;
  for (const Point2& p : points) words += fmt::format("{:.1f},{:.1f} ", x(p.x), y(p.y));
  return fmt::format("<polyline points=\"{}\" fill=\"none\" {}/>\n", words, style);
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     words);
}

std::string escaped(const std::string& words) {
  std::string out;
  for (const char c : words) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

std::string grid(const Axis& x, const Axis& y) {
  std::string svg;
  for (double p = x.first; p <= x.last; ++p) {
    const double at = x(std::pow(10, p));
    svg +=
        fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" stroke=\"#ddd\"/>\n",
                    at, top, height - bottom);
    svg += text_at(at, height - bottom + 18, "middle", fmt::format("1e{:.0f}", p));
  }
  for (double p = y.first; p <= y.last; ++p) {
    const double at = y(std::pow(10, p));
    svg +=
        fmt::format("<line x1=\"{1}\" x2=\"{2}\" y1=\"{0:.1f}\" y2=\"{0:.1f}\" stroke=\"#ddd\"/>\n",
                    at, left, width - right);
    svg += text_at(left - 8, at + 4, "end", fmt::format("1e{:.0f}", p));
  }
  return svg;
}

}  // namespace

std::string convergence_svg(const StudySubject& subject, std::span<const ConvergenceRow> rows) {
  const bool time = subject.refined == "time";
  static const char* const names[] = {"L1", "L2", "max"};  // the other norms have other units
  static const char* const colours[] = {"#1f77b4", "#d62728", "#2ca02c"};
  std::array<std::vector<Point2>, 3> curves;
  double low_x = 1e300, high_x = 0, low_y = 1e300, high_y = 0;
  for (const ConvergenceRow& row : rows) {
    const double x = time ? row.dt : row.h;
    for (std::size_t i = 0; i < 3; ++i) {
      const double e = row.error.empty() ? 0 : row.error[i];
      if (!(e > 0) || !(x > 0)) continue;
      curves[i].push_back({x, e});
      low_x = std::min(low_x, x), high_x = std::max(high_x, x);
      low_y = std::min(low_y, e), high_y = std::max(high_y, e);
    }
  }
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      width, height);
  svg += text_at(width / 2, 20, "middle", escaped(subject.title));
  if (high_x > 0) {
    const Axis x(low_x, high_x, left, width - right), y(low_y, high_y, height - bottom, top);
    svg += grid(x, y);
    const double fall = std::pow(low_x / high_x, subject.claimed_order);
    std::vector<Point2> slope{{high_x, curves[0].empty() ? high_y : curves[0].front().y}};
    slope.push_back({low_x, slope[0].y * fall});
    if (slope[1].y >= std::pow(10, y.first)) {
      svg += path(slope, x, y, "stroke=\"#888\" stroke-dasharray=\"5 4\"");
    }
    for (std::size_t i = 0; i < 3; ++i) {
      svg += path(curves[i], x, y, fmt::format("stroke=\"{}\" stroke-width=\"2\"", colours[i]));
      for (const Point2& p : curves[i]) {
        svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"/>\n", x(p.x),
                           y(p.y), colours[i]);
      }
      svg += fmt::format("<g fill=\"{}\">{}</g>", colours[i],
                         text_at(left + 12, top + 18 + 16 * double(i), "start", names[i]));
    }
    svg += text_at(left + 12, top + 66, "start",
                   fmt::format("dashed: claimed order {:.3g}", subject.claimed_order));
  }
  svg += text_at(width / 2, height - 12, "middle", time ? "dt" : "h");
  svg += fmt::format(
      "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">error "
      "at the end</text>\n",
      height / 2);
  return svg + "</svg>\n";
}

}  // namespace otto
