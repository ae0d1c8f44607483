// Samples of a density counted in the cells of a box: rho_K = n_K / (n vol_K).

#include <fmt/format.h>

#include <algorithm>

#include "initial_kinds.h"
#include "otto/casefile/key.h"
#include "otto/mesh/locate.h"
#include "otto/tables/sample_file.h"

namespace otto {

namespace {

constexpr std::int64_t rows_at_once = 1 << 16;

const Declare keys{
    {},
    {{.path = "initial.outside",
      .type = Type::text,
      .doc = "What to do with samples outside the box, or with cells outside a table.",
      .fallback = "\"error\"",
      .when = "kind=samples|table"}},
    {{"initial.kind", "samples", "Samples counted in the cells of a box.",
      "rho_K = n_K / (n vol_K)"},
     {"initial.outside", "error", "They are an error."},
     {"initial.outside", "drop", "Samples are left out; cells are empty."}}};

}  // namespace

std::vector<double> sampled_density(const Section& initial, const Mesh& mesh) {
  if (!mesh.box) initial.fail("kind", "samples are counted on a box only; mesh.kind is another");
  const SampleFile file(initial.file("file"), mesh.dimension);
  const auto d = static_cast<std::size_t>(mesh.dimension);
  std::vector<double> rho(static_cast<std::size_t>(mesh.owned), 0.0);
  std::int64_t outside = 0;
  for (std::int64_t first = 0; first < file.rows(); first += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, file.rows() - first);
    const std::vector<double> rows = file.read(first, count);
    for (std::size_t i = 0; i < rows.size(); i += d) {
      const Located at = locate(*mesh.box, std::span(rows).subspan(i, d));
      if (!at.inside) ++outside;
      if (at.cell >= 0) rho[static_cast<std::size_t>(at.cell)] += 1;
    }
  }
  if (outside == file.rows()) file.fail("none of the samples is inside the box");
  if (outside > 0 && initial.text("outside") == "error") {
    file.fail(
        fmt::format("{} of {} samples are outside the box; enlarge it, or leave them out with "
                    "initial.outside = \"drop\"",
                    outside, file.rows()));
  }
  for (std::size_t c = 0; c < rho.size(); ++c) rho[c] /= mesh.volume[c];
  return rho;
}

}  // namespace otto
