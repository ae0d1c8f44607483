#include "otto/operators/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/operators/absorbing.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "boundary",
      .doc = "What happens at the sides of the mesh; walls without flux if not said."},
     {.path = "boundary.value",
      .doc =
          "The density g >= 0 on sides, as in `x_min = \"1 + t\"`: an expression in x, y, z and t, "
          "or a number, for each.",
      .open = true},
     {.path = "boundary.robin",
      .doc = "The rate kappa >= 0 with which sides take what reaches them, as in `x_max = 2.0`: an "
             "expression or a number for each. 0 is a wall; large ones absorb.",
      .open = true},
     {.path = "reaction", .doc = "Mass that vanishes or appears inside the domain."}},
    {{.path = "boundary.absorbing",
      .type = Type::texts,
      .doc =
          "Sides through which mass leaves for good: x_min ... z_max on a box, physical names on "
          "a Gmsh mesh, and names of [[set]]. The density is 0 on the face itself, and in a set.",
      .fallback = "[]",
      .equation = "rho = 0"},
     {.path = "boundary.outflow",
      .type = Type::texts,
      .doc = "Sides that the velocity -D grad V + b carries mass out of where it points outwards; "
             "nothing diffuses through them.",
      .fallback = "[]",
      .equation = "J.n = max(u.n, 0) rho"},
     {.path = "boundary.reinject",
      .type = Type::text,
      .doc = "Where what leaves comes back at once, so that the mass is kept.",
      .fallback = "\"nowhere\""},
     {.path = "reaction.rate",
      .type = Type::text,
      .doc = "The rate k >= 0 at which mass vanishes, an expression in x, y, z and t.",
      .equation = "d_t rho = ... - k rho"},
     {.path = "reaction.source",
      .type = Type::text,
      .doc = "Mass that appears per volume and time, s >= 0, an expression in x, y, z and t.",
      .equation = "d_t rho = ... + s"}},
    {{"boundary.reinject", "nowhere", "It is gone."},
     {"boundary.reinject", "initial", "With the law of the initial density rho_0, of mass m_0.",
      "d_t rho = ... + (what leaves per time) rho_0 / m_0"}}};

/// A side or a set by its name.
CellSet place_of(const Section& section, const char* key, const std::string& name,
                 std::span<const CellSet> sets, const Mesh& mesh) {
  if (std::ranges::find(mesh.boundary_names, name) != mesh.boundary_names.end()) {
    return {.name = name, .side = name};
  }
  const auto set = std::ranges::find(sets, name, &CellSet::name);
  if (set != sets.end()) return *set;
  std::vector<std::string> all = mesh.boundary_names;
  for (const CellSet& s : sets) all.push_back(s.name);
  const bool none = all.empty();
  section.fail(key, fmt::format("the mesh has no side '{}'{} {}", name, did_you_mean(name, all),
                                none ? "It has no side with a name; periodic axes have none."
                                     : fmt::format("Its sides are {}; periodic axes have none.",
                                                   list_words(all))));
}

void check_centres(const Section& boundary, const char* key, const Opening& opening,
                   const Mesh& mesh) {
  if (opening.where.side.empty() || mesh.centres_on_walls) return;  // cells on walls are held
  const auto faces = absorbing_faces(mesh, {&opening.where.side, 1});
  mesh.comm.together([&] {
    for (const AbsorbingFace& face : faces) {
      const double a = mesh.boundary.transmissibility[std::size_t(face.face)];
      if (face.distance > 0 && std::isfinite(a)) continue;
      const Point& x = mesh.center[std::size_t(face.cell)];
      boundary.fail(key,
                    fmt::format("the centre of the cell at ({:.6g}, {:.6g}, {:.6g}) does not lie "
                                "inside its {} side (an angle of 90 degrees or more faces "
                                "it), so no rate through it is right; mesh that side with acute "
                                "angles",
                                x[0], x[1], x[2],
                                opening.kind == Opening::Kind::absorbing ? "absorbing" : "open"));
    }
  });
}

struct Reader {
  std::span<const CellSet> sets;
  const Mesh& mesh;
  std::vector<Opening> openings = {};

  void add(const Section& section, const char* key, Opening opening) {
    for (const Opening& other : openings) {
      const bool same_side = !opening.where.side.empty() && other.where.side == opening.where.side;
      if (other.name != opening.name && !same_side) continue;
      const std::string also = other.name == opening.name ? "" : ", as '" + other.name + "'";
      section.fail(key, fmt::format("'{}' is open already{}, in another way; say one of them",
                                    opening.name, also));
    }
    check_centres(section, key, opening, mesh);
    openings.push_back(std::move(opening));
  }

  void names(const Section& boundary, const char* key, Opening::Kind kind) {
    for (const std::string& name : boundary.texts(key)) {
      Opening opening{.name = name, .kind = kind};
      opening.where = place_of(boundary, key, name, sets, mesh);
      if (kind == Opening::Kind::outflow && opening.where.side.empty()) {
        boundary.fail(key, fmt::format("'{}' is a set of cells; outflow is through sides", name));
      }
      if (kind == Opening::Kind::outflow && mesh.centres_on_walls) {
        boundary.fail(key,
                      "cells around vertices have no velocity through a wall; take a mesh that "
                      "carries mesh.control_volumes = \"elements\", or absorbing");
      }
      add(boundary, key, std::move(opening));
    }
  }

  void factors(const Section& table, Opening::Kind kind) {
    for (const auto& [name, text] : table.entries()) {
      Opening opening{.name = name, .kind = kind};
      opening.where = place_of(table, name.c_str(), name, sets, mesh);
      if (mesh.centres_on_walls && kind == Opening::Kind::value) {
        table.fail("",
                   "cells around vertices have their centres on the wall; for a given density take "
                   "a mesh that carries mesh.control_volumes = \"elements\", or a box");
      }
      if (opening.where.side.empty()) {
        table.fail(name, fmt::format("'{}' is a set of cells, and this is for sides", name));
      }
      opening.factor = read_function(table, name, text, mesh.dimension);
      opening.place = fmt::format("{}: boundary.{}.{}", table.where(name),
                                  kind == Opening::Kind::value ? "value" : "robin", name);
      add(table, name.c_str(), std::move(opening));
    }
  }
};

std::optional<Function> function_of(const Section& section, const char* key, const Mesh& mesh) {
  if (!section.given(key)) return std::nullopt;
  return read_function(section, key, section.text(key), mesh.dimension);
}

}  // namespace

bool Exchange::depends_on_time() const {
  const auto varies = [](const std::optional<Function>& f) { return f && f->depends_on_time(); };
  return varies(rate) || varies(source) ||
         std::ranges::any_of(openings, [&](const Opening& o) { return varies(o.factor); });
}

bool Exchange::supplies() const {
  return source || std::ranges::any_of(
                       openings, [](const Opening& o) { return o.kind == Opening::Kind::value; });
}

std::vector<std::string> Exchange::names() const {
  std::vector<std::string> all;
  for (const Opening& o : openings) all.push_back("out_" + o.name);
  if (rate) all.emplace_back("killed");
  if (source) all.emplace_back("supplied");
  if (reinjects) all.emplace_back("reinjected");
  return all;
}

double empty_sets(const Exchange& exchange, const Mesh& mesh, std::span<double> density) {
  ReproducibleSum whole, taken;
  for (std::size_t k = 0; k < density.size(); ++k) {
    const bool held = std::ranges::any_of(exchange.openings, [k](const Opening& o) {
      return !o.where.level.empty() && o.where.level[k] > 0;
    });
    const double mass = k < std::size_t(mesh.owned) ? mesh.volume[k] * density[k] : 0;
    whole += mass;
    if (held) taken += mass, density[k] = 0;
  }
  return sum_of_all(mesh.comm, taken) / sum_of_all(mesh.comm, whole);
}

Exchange absorbing_sides(std::span<const std::string> names) {
  Exchange exchange;
  for (const std::string& name : names) {
    exchange.openings.push_back({.name = name, .where = {.name = name, .side = name}});
  }
  return exchange;
}

Exchange read_exchange(const ExchangeTables& tables, std::span<const CellSet> sets,
                       const Mesh& mesh) {
  Reader reader{sets, mesh};
  reader.names(tables.boundary, "absorbing", Opening::Kind::absorbing);
  reader.factors(tables.value, Opening::Kind::value);
  reader.factors(tables.robin, Opening::Kind::robin);
  reader.names(tables.boundary, "outflow", Opening::Kind::outflow);
  Exchange exchange{.openings = std::move(reader.openings),
                    .rate = function_of(tables.reaction, "rate", mesh),
                    .source = function_of(tables.reaction, "source", mesh),
                    .reinjects = tables.boundary.text("reinject") == "initial",
                    .rate_place = tables.reaction.where("rate") + ": reaction.rate",
                    .source_place = tables.reaction.where("source") + ": reaction.source"};
  if (!exchange.reinjects) return exchange;
  const auto value = [](const Opening& o) { return o.kind == Opening::Kind::value; };
  if (exchange.openings.empty() || std::ranges::any_of(exchange.openings, value)) {
    tables.boundary.fail(
        "reinject", "needs sides or sets that mass leaves through, and none of a given density");
  }
  return exchange;
}

}  // namespace otto
