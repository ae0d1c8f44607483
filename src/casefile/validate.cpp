// A case against its declarations: names first, then values, then combinations, then what is
// missing. Each check throws at the first thing that is wrong.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/casefile/data.h"
#include "otto/casefile/describe.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"

namespace otto {

namespace {

[[noreturn]] void fail(const CaseData& data, const Place& place, const std::string& message) {
  throw InputError(data.where(place) + ": " + message);
}

std::string key_path(const TableData& table, std::string_view key) {
  return table.path.empty() ? std::string(key) : fmt::format("{}.{}", table.path, key);
}

std::string shortened(std::string text) {
  constexpr std::size_t max = 60;
  return text.size() > max ? text.substr(0, max) + "..." : text;
}

// ---- names ------------------------------------------------------------------------------------

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const Table& t : declared_tables()) names.push_back(t.path);
  return names;
}

void check_table_name(const CaseData& data, const TableData& table) {
  if (table.path.empty()) return;
  const Table* declared = find_table(table.path);
  if (!declared) {
    const auto names = table_names();
    fail(data, table.place,
         fmt::format("unknown table [{}]{} The tables are {}.", table.path,
                     did_you_mean(table.path, names), list_words(names)));
  }
  if (declared->repeated && !table.repeated) {
    fail(data, table.place,
         fmt::format("[{0}] has several entries; write [[{0}]] above each", table.path));
  }
  if (!declared->repeated && table.repeated) {
    fail(data, table.place,
         fmt::format("there is one [{0}] only; write [{0}], not [[{0}]]", table.path));
  }
}

/// The keys of the table, those of its kind where it has one.
std::string keys_hint(const TableData& table) {
  std::vector<std::string> keys;
  bool all = true;
  for (const Key& k : keys_of_table(table.path)) {
    if (applies(k, table)) {
      keys.emplace_back(name_of(k.path));
    } else {
      all = false;
    }
  }
  if (keys.empty()) return " It takes no keys in this version.";
  const Entry* kind = table.find("kind");
  const std::string of =
      all || !kind ? "" : fmt::format(" for kind = {}", format_value(kind->value));
  if (keys.size() == 1) return fmt::format(" The only key{} is {}.", of, keys[0]);
  return fmt::format(" {} are {}.", of.empty() ? "Its keys" : "The keys" + of, list_words(keys));
}

/// What users look for under other names, or in vain.
struct Sought {
  const char *path, *answer;
};
constexpr Sought sought[] = {
    {"diffusion.coefficient", "what diffuses is kT times [diffusion] expression (or tensor)"},
    {"diffusion.constant", "it is called diffusion.expression, and constants are expressions"},
    {"diffusion.value", "it is called diffusion.expression, and constants are expressions"},
    {"data.trajectories",
     "energies inferred from trajectories are not in this version of Otto; 'otto fit' infers them "
     "from data.snapshots of a population"},
    {"boundary.periodic", "periodic axes are mesh.periodic"},
    {"boundary.reflecting", "sides reflect unless they are named in boundary.absorbing"},
    {"boundary.no_flux", "sides reflect unless they are named in boundary.absorbing"},
    {"boundary.neumann", "sides reflect unless they are named in boundary.absorbing"},
    {"boundary.dirichlet",
     "a density of 0 is held by boundary.absorbing, others by [boundary.value]"},
    {"boundary.x_min", "sides that absorb are named in a list: absorbing = [\"x_min\"]"},
    {"boundary.x_max", "sides that absorb are named in a list: absorbing = [\"x_max\"]"},
    {"boundary.type", "sides that absorb are named in a list: absorbing = [\"x_min\"]"},
    {"boundary.kind", "sides that absorb are named in a list: absorbing = [\"x_min\"]"},
    {"time.dt", "it is called time.step"},
    {"time.tau", "it is called time.step"},
    {"time.timestep", "it is called time.step"},
    {"time.time_step", "it is called time.step"},
    {"time.delta_t", "it is called time.step"},
    {"time.h", "it is called time.step"},
    {"time.t_end", "it is called time.end"},
    {"time.T", "it is called time.end"},
    {"time.final", "it is called time.end"},
    {"time.final_time", "it is called time.end"},
    {"time.duration", "give time.start and time.end"},
    {"time.n_steps", "give time.step and time.end"},
    {"time.num_steps", "give time.step and time.end"},
    {"time.steps", "give time.step and time.end"},
    {"time.max_steps", "give time.step and time.end"},
    {"time.method", "it is called time.scheme"},
    {"time.integrator", "it is called time.scheme"},
    {"time.solver", "it is called time.scheme"},
    {"mesh.n", "it is called mesh.cells"},
    {"mesh.resolution", "it is called mesh.cells"},
    {"mesh.N", "it is called mesh.cells"},
    {"mesh.size", "give mesh.lower, mesh.upper and mesh.cells"},
    {"mesh.shape", "it is called mesh.cells"},
    {"mesh.dx", "give mesh.cells, or nodes_x for cells of your own"},
    {"mesh.h", "give mesh.cells, or nodes_x for cells of your own"},
    {"mesh.dimension", "it follows from the length of mesh.lower and mesh.upper"},
    {"mesh.dim", "it follows from the length of mesh.lower and mesh.upper"},
    {"energy.beta", "give the temperature, 1/beta"},
    {"energy.kT", "it is called temperature, in units of energy"},
    {"energy.T", "it is called temperature, in units of energy"},
    {"energy.diffusivity", "it is called temperature"},
    {"energy.potential", "it is called expression, beside kind = \"external\""},
    {"energy.V", "it is called expression, beside kind = \"external\""},
    {"energy.gradient", "a force that is no gradient is [drift] expression"},
    {"energy.force", "a force that is no gradient is [drift] expression"},
    {"solver.tolerance", "it is called solver.rtol"},
    {"solver.tol", "it is called solver.rtol"},
    {"solver.type", "solvers are chosen by PETSc's options, in [petsc] or after --"},
    {"initial.sigma", "the width of a Gaussian is initial.variance, sigma squared"},
    {"initial.std", "the width of a Gaussian is initial.variance, the deviation squared"},
    {"initial.stddev", "the width of a Gaussian is initial.variance, the deviation squared"},
    {"initial.deviation", "the width of a Gaussian is initial.variance, the deviation squared"},
    {"initial.width", "the width of a Gaussian is initial.variance, a length squared"},
    {"initial.mu", "it is called initial.mean"},
    {"initial.center", "it is called initial.mean"},
    {"initial.centre", "it is called initial.mean"},
    {"initial.position", "it is called initial.mean"},
    {"initial.cov", "it is called initial.covariance"},
    {"initial.file_name", "it is called initial.file"},
    {"output.interval", "it is called output.every"},
    {"output.frequency", "it is called output.every"},
    {"output.folder", "the folder is chosen by otto run -o FOLDER"},
    {"output.directory", "the folder is chosen by otto run -o FOLDER"}};

/// Values likewise.
struct SoughtValue {
  const char *path, *value, *answer;
};
constexpr const char* written_anyway =
    "what [analysis] asks for is written without being named, to final.h5 and the fields";
constexpr SoughtValue sought_values[] = {
    {"output.fields", "committor", written_anyway},
    {"output.fields", "mean_exit_time", written_anyway},
    {"output.fields", "current", written_anyway},
    {"output.fields", "stationary_density", written_anyway},
    {"energy.kind", "potential", "a potential V is kind = \"external\""},
    {"energy.kind", "diffusion", "diffusion is kind = \"entropy\" and its temperature"},
    {"energy.kind", "porous_medium", "it is kind = \"power\" and its exponent"}};

void check_sought(const CaseData& data, const TableData& table, const Entry& entry) {
  const std::string path = key_path(table, entry.key);
  for (const auto& [word, answer] : sought) {
    if (path == word) {
      fail(data, entry.place,
           fmt::format("unknown key '{}' in [{}]: {}", entry.key, table.path, answer));
    }
  }
}

void check_key_name(const CaseData& data, const TableData& table, const Entry& entry) {
  if (find_key(key_path(table, entry.key))) return;
  if (table.path.empty() && find_table(entry.key)) {
    const bool repeated = find_table(entry.key)->repeated;
    fail(data, entry.place,
         fmt::format("{0} is a table, not a key; write {1}{0}{2}", entry.key, repeated ? "[[" : "[",
                     repeated ? "]]" : "]"));
  }
  check_sought(data, table, entry);
  const std::string near = suggest_key(table.path, entry.key, &table);
  const std::string place =
      table.path.empty() ? "above the first table" : fmt::format("in [{}]", table.path);
  if (near.empty()) {
    fail(data, entry.place,
         fmt::format("unknown key '{}' {}.{}", entry.key, place, keys_hint(table)));
  }
  const std::string_view owner = table_of(near);
  const std::string of = owner == table.path ? "" : fmt::format(" of [{}]", owner);
  fail(data, entry.place,
       fmt::format("unknown key '{}' {}; did you mean '{}'{}? 'otto explain {}' describes it.",
                   entry.key, place, name_of(near), of, near));
}

// ---- values -----------------------------------------------------------------------------------

bool is_number(const Value& v) {
  return std::holds_alternative<double>(v.content) ||
         std::holds_alternative<std::int64_t>(v.content);
}

bool fits_one(const Value& v, Type type) {
  switch (type) {
    case Type::real:
    case Type::reals:
    case Type::real_or_reals:
      return is_number(v);
    case Type::real_or_text:
    case Type::matrix:
      return is_number(v) || std::holds_alternative<std::string>(v.content);
    case Type::integer:
    case Type::integers:
      return std::holds_alternative<std::int64_t>(v.content);
    case Type::flag:
    case Type::flags:
      return std::holds_alternative<bool>(v.content);
    case Type::text:
    case Type::texts:
      return std::holds_alternative<std::string>(v.content);
  }
  return false;
}

bool inside(double x, const Range& r) {
  return (r.above ? x > r.min : x >= r.min) && (r.below ? x < r.max : x <= r.max);
}

struct Checked {
  const CaseData& data;
  const Key& key;
};

void check_one(const Checked& c, const Value& v) {
  const Key& key = c.key;
  if (is_number(v)) {
    const auto* i = std::get_if<std::int64_t>(&v.content);
    const double x = i ? static_cast<double>(*i) : std::get<double>(v.content);
    if (!std::isfinite(x)) {
      fail(c.data, v.place,
           fmt::format("{} = {} is not a finite number", key.path, format_value(v)));
    }
    if (!inside(x, key.range)) {
      fail(
          c.data, v.place,
          fmt::format("{} = {}: it must be {}", key.path, format_value(v), range_words(key.range)));
    }
  } else if (const auto* word = std::get_if<std::string>(&v.content)) {
    std::vector<std::string> values;
    for (const Choice& choice : choices_of(key.path)) {
      if (!choice.later) values.push_back(choice.value);
      if (choice.later && choice.value == *word) {
        fail(c.data, v.place,
             fmt::format("{} = \"{}\" is not in this version of Otto", key.path, *word));
      }
    }
    if (values.empty() || std::find(values.begin(), values.end(), *word) != values.end()) return;
    for (const auto& [path, other, answer] : sought_values) {
      if (key.path != path || *word != other) continue;
      fail(c.data, v.place,
           fmt::format("{} = \"{}\" is not one of its choices: {}", path, other, answer));
    }
    fail(c.data, v.place,
         fmt::format("{} = \"{}\" is not one of its choices{} They are {}.", key.path,
                     shortened(*word), did_you_mean(*word, values), list_words(values)));
  }
}

void check_value(const CaseData& data, const Key& key, const Value& v) {
  const auto* array = std::get_if<Value::Array>(&v.content);
  const auto wrong = [&](const Value& at) {
    fail(data, at.place,
         fmt::format("{} = {}: {} is needed, as in {} = {}", key.path, shortened(format_value(v)),
                     type_words(key.type), name_of(key.path), example_of(key)));
  };
  if (!array) {
    if (!takes_single(key.type) || !fits_one(v, key.type)) wrong(v);
    return check_one({data, key}, v);
  }
  if (!takes_array(key.type)) wrong(v);
  const auto check_all = [&](const Value::Array& entries) {
    for (const Value& entry : entries) {
      if (!fits_one(entry, key.type)) wrong(entry);
      check_one({data, key}, entry);
    }
  };
  if (key.type != Type::matrix) return check_all(*array);
  for (const Value& row : *array) {
    const auto* entries = std::get_if<Value::Array>(&row.content);
    if (!entries) wrong(row);
    check_all(*entries);
  }
}

// ---- combinations -----------------------------------------------------------------------------

std::string as_words(const Value& v) {
  const auto* s = std::get_if<std::string>(&v.content);
  return s ? *s : format_value(v);
}

const Value* value_or_fallback(const TableData& table, const std::string& key) {
  if (const Entry* e = table.find(key)) return &e->value;
  const Key* declared = find_key(key_path(table, key));
  return declared ? fallback_of(*declared) : nullptr;
}

void check_condition(const CaseData& data, const TableData& table, const Entry& entry,
                     const Key& key) {
  if (applies(key, table)) return;
  const Condition c = condition_of(key);
  const Value* now = value_or_fallback(table, c.sibling);
  const Key* sibling = find_key(key_path(table, c.sibling));
  if (!now && sibling && sibling->required) return;  // that one is missing: check_required says so
  fail(data, entry.place,
       fmt::format("{0} goes with {1} only, and here {2} is {3}; remove it or change {2}", key.path,
                   condition_words(key), c.sibling, now ? format_value(*now) : "not given"));
}

void check_required(const CaseData& data, const TableData& table) {
  for (const Key& key : keys_of_table(table.path)) {
    if (!key.required || !applies(key, table) || table.find(name_of(key.path))) continue;
    const std::string because =
        key.when.empty() ? "" : fmt::format(" beside {}", condition_words(key));
    fail(data, table.place,
         fmt::format("{} needs the key '{}'{}; add {} = {}",
                     table.path.empty() ? "the case" : "[" + table.path + "]", name_of(key.path),
                     because, name_of(key.path), example_of(key)));
  }
}

bool is_given(const CaseData& data, std::string_view path) {
  const TableData* table = data.find(table_of(path), -1);
  return table != nullptr && table->find(name_of(path)) != nullptr;
}

void check_tables_present(const CaseData& data) {
  for (const Table& t : declared_tables()) {
    if (!t.required || data.count(t.path) > 0) continue;
    if (std::ranges::any_of(t.unless, [&](const auto& key) { return is_given(data, key); })) {
      continue;
    }
    fail(
        data, {},
        fmt::format("the case has no {0}{1}{2} table; it needs one{3} ('otto explain {1}')",
                    t.repeated ? "[[" : "[", t.path, t.repeated ? "]]" : "]",
                    t.unless.empty() ? "" : ", or " + fmt::to_string(fmt::join(t.unless, " or "))));
  }
}

template <class F>
void for_each_declared(const CaseData& data, F visit) {
  for (const TableData& table : data.tables) {
    const Table* declared = find_table(table.path);
    if (declared && declared->open) continue;
    for (const Entry& entry : table.entries) visit(table, entry);
  }
}

// Options are text, numbers or flags, whatever their names.
void check_open_tables(const CaseData& data) {
  for (const TableData& table : data.tables) {
    const Table* declared = find_table(table.path);
    if (!declared || !declared->open) continue;
    for (const Entry& e : table.entries) {
      const auto& content = e.value.content;
      if (!std::holds_alternative<Value::Foreign>(content) &&
          !std::holds_alternative<Value::Array>(content)) {
        continue;
      }
      fail(data, e.value.place,
           fmt::format("{}.{}: text, a number, true or false is needed", table.path, e.key));
    }
  }
}

}  // namespace

bool applies(const Key& key, const TableData& table) {
  if (key.when.empty()) return true;
  const Condition c = condition_of(key);
  const Value* value = value_or_fallback(table, c.sibling);
  return value && std::find(c.values.begin(), c.values.end(), as_words(*value)) != c.values.end();
}

void validate(const CaseData& data) {
  for (const TableData& table : data.tables) check_table_name(data, table);
  for_each_declared(data, [&](const TableData& t, const Entry& e) { check_key_name(data, t, e); });
  check_open_tables(data);
  for_each_declared(data, [&](const TableData& t, const Entry& e) {
    check_value(data, *find_key(key_path(t, e.key)), e.value);
  });
  for_each_declared(data, [&](const TableData& t, const Entry& e) {
    check_condition(data, t, e, *find_key(key_path(t, e.key)));
  });
  for (const TableData& table : data.tables) check_required(data, table);
  check_tables_present(data);
}

}  // namespace otto
