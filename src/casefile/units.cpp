// [units]: what the numbers of a case are measured in. All of them are in these units already but
// temperatures in kelvin,
//
//   energy.temperature = "300 K"            ->   kT = k 300 in units of energy,
//   energy.temperature = "(300 + 20*x) K"   ->   "k * (300 + 20*x)",
//
// in units of kT
//
//   energy.temperature = "300 K" or 1       ->   kT = 1,
//
// k being Boltzmann's constant (per mole: the gas constant), exact in the SI since 2019 (CODATA
// 2018; hartree and wave numbers to the digits recommended there), and diffusion coefficients whose
// unit is named, "cm^2/s".

#include "otto/casefile/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>

#include "otto/casefile/data.h"
#include "otto/casefile/key.h"
#include "otto/core/error.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "units",
      .doc = "What the numbers of the case are measured in: labels of pictures and tables, and kT "
             "from a temperature in kelvin. Without it everything is dimensionless."}},
    {{.path = "units.energy", .type = Type::text, .doc = "Unit of energies: V, kT, free energies."},
     {.path = "units.length", .type = Type::text, .doc = "Unit of coordinates, as nm or rad."},
     {.path = "units.time",
      .type = Type::text,
      .doc = "Unit of times, as ps; rates are per that."}},
    {{"units.energy", "kJ/mol", "Kilojoule per mole.", "k = 0.00831446261815324 / K"},
     {"units.energy", "kcal/mol", "Thermochemical kilocalorie per mole.",
      "k = 0.00198720425864083 / K"},
     {"units.energy", "eV", "Electronvolt.", "k = 8.617333262145e-5 / K"},
     {"units.energy", "hartree", "Hartree.", "k = 3.166811563e-6 / K"},
     {"units.energy", "1/cm", "Wave number.", "k = 0.6950348004 / K"},
     {"units.energy", "J", "Joule.", "k = 1.380649e-23 / K"},
     {"units.energy", "kT",
      "Of the temperature of the case, which is 1, or in kelvin, which then changes nothing.",
      "kT = 1"}}};

struct Boltzmann {
  const char* unit;
  double k;  ///< per kelvin
};
constexpr Boltzmann constants[] = {{"kJ/mol", 8.31446261815324e-3},
                                   {"kcal/mol", 8.31446261815324e-3 / 4.184},
                                   {"eV", 1.380649e-23 / 1.602176634e-19},
                                   {"hartree", 3.166811563e-6},
                                   {"1/cm", 0.6950348004},
                                   {"J", 1.380649e-23}};

void trim_end(std::string& text) {
  while (text.ends_with(' ')) text.pop_back();
}

/// What stands before the K of kelvin; nothing where there is none.
std::optional<std::string> before_K(std::string text) {
  trim_end(text);
  if (!text.ends_with('K')) return std::nullopt;
  text.pop_back();
  trim_end(text);
  return text;
}

/// A number and nothing else.
std::optional<double> whole_number(const std::string& text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

/// A number, or one with a word for its unit: no expression, whose terms are joined by signs.
bool is_quantity(const std::string& text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{}) return false;
  const std::string rest(read.ptr, text.data() + text.size());
  return rest.find_first_not_of(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
         std::string::npos;
}

struct Unit {
  const char* name;
  double size;  ///< in metres, radians or seconds
};
constexpr Unit lengths[] = {{"m", 1},     {"cm", 1e-2}, {"mm", 1e-3},  {"um", 1e-6},
                            {"nm", 1e-9}, {"A", 1e-10}, {"pm", 1e-12}, {"bohr", 5.29177210903e-11}};
constexpr Unit angles[] = {{"rad", 1}, {"deg", std::numbers::pi / 180}};
constexpr Unit times[] = {{"s", 1},     {"ms", 1e-3},  {"us", 1e-6},
                          {"ns", 1e-9}, {"ps", 1e-12}, {"fs", 1e-15}};

/// 0 where it is none of them.
double size_of(std::string_view name, std::span<const Unit> units) {
  const auto found = std::ranges::find_if(units, [&](const Unit& u) { return name == u.name; });
  return found == units.end() ? 0 : found->size;
}

/// One unit of `from` in units of `to`; 0 where it is not known.
double ratio(std::string_view from, std::string_view to, std::span<const Unit> units) {
  const double a = size_of(from, units), b = size_of(to, units);
  return from == to && !from.empty() ? 1 : b > 0 ? a / b : 0;
}

/// The `temperature` of an [[energy]] as it is converted.
class Temperatures {
 public:
  Temperatures(const CaseData& data, const std::string* unit) : data_(data), unit_(unit) {}

  void convert(const TableData& energy, Entry& entry) {
    const auto* text = std::get_if<std::string>(&entry.value.content);
    if (!text) {
      if (in_kT() && !is_one(entry.value)) fail(entry, of_kT);
      return;
    }
    const Entry* kind = energy.find("kind");
    const auto* name = kind ? std::get_if<std::string>(&kind->value.content) : nullptr;
    const bool may_vary = name && *name == "entropy" && !is_quantity(*text);
    const auto in_kelvin = before_K(*text);
    if (may_vary && in_kT()) fail(entry, of_kT);
    if (may_vary && !in_kelvin) return;  // an expression, in units of energy
    const auto T = in_kelvin ? whole_number(*in_kelvin) : std::nullopt;
    if (!may_vary && !(T && std::isfinite(*T) && *T > 0)) {
      fail(entry, "a temperature is a number, kT in units of energy, or as \"300 K\"");
    }
    if (!unit_) fail(entry, "kelvin need [units] energy, as in energy = \"kJ/mol\"");
    if (in_kT()) {
      if (kelvin_ && *kelvin_ != *T) fail(entry, of_kT);
      kelvin_ = T;
      entry.value.content = 1.0;
      return;
    }
    const auto known = std::ranges::find_if(constants, [&](auto& c) { return *unit_ == c.unit; });
    if (known == std::end(constants)) return;  // refused by what is declared
    if (may_vary) {
      entry.value.content = fmt::format("{:.17g}*({})", known->k, *in_kelvin);
    } else {
      entry.value.content = known->k * *T;
    }
  }

 private:
  static constexpr const char* of_kT =
      "in units of kT, [units] energy = \"kT\", kT is 1 everywhere: write 1 or, which says the "
      "same, one "
      "temperature in kelvin; for another kT, or one that varies, name another unit or none";

  [[nodiscard]] bool in_kT() const { return unit_ && *unit_ == "kT"; }
  static bool is_one(const Value& value) {
    const auto* whole = std::get_if<std::int64_t>(&value.content);
    const auto* real = std::get_if<double>(&value.content);
    return (whole && *whole == 1) || (real && *real == 1) || (!whole && !real);
  }
  [[noreturn]] void fail(const Entry& entry, const char* message) const {
    const auto* text = std::get_if<std::string>(&entry.value.content);
    throw InputError(fmt::format("{}: energy.temperature{}: {}", data_.where(entry.place),
                                 text ? fmt::format(" = \"{}\"", *text) : "", message));
  }

  const CaseData& data_;
  const std::string* unit_;       // [units] energy; null: not given
  std::optional<double> kelvin_;  // in units of kT
};

}  // namespace

double seconds_in(std::string_view unit) {
  const double size = size_of(unit, times);
  return size > 0 ? 1 / size : 0;
}

double diffusion_factor(const Section& section, std::string_view key, const Section& units) {
  const std::string text = section.text(key);
  const auto square = text.find("^2/");
  if (square == std::string::npos) {
    section.fail(key, "a unit of diffusion coefficients is a length^2/time, as in \"nm^2/ps\"");
  }
  if (!units.given("length") || !units.given("time")) {
    section.fail(key, "needs [units] length and time, which the coefficients are brought to");
  }
  const std::string length = text.substr(0, square), time = text.substr(square + 3);
  const std::string of_case = units.text("length"), time_of_case = units.text("time");
  const double as_length = ratio(length, of_case, lengths);
  const double wide = as_length > 0 ? as_length : ratio(length, of_case, angles);
  const double duration = ratio(time, time_of_case, times);
  if (wide == 0) {
    section.fail(key, fmt::format("{}^2 is not known in {}^2; there are m, cm, mm, um, nm, A, pm, "
                                  "bohr for lengths, rad and deg for angles",
                                  length, of_case));
  }
  if (duration == 0) {
    section.fail(key, fmt::format("per {} is not known per {}; there are s, ms, us, ns, ps, fs",
                                  time, time_of_case));
  }
  return wide * wide / duration;
}

void convert_temperatures(CaseData& data) {
  const TableData* units = data.find("units", -1);
  const Entry* energy = units ? units->find("energy") : nullptr;
  Temperatures temperatures(data,
                            energy ? std::get_if<std::string>(&energy->value.content) : nullptr);
  for (TableData& table : data.tables) {
    if (table.path != "energy") continue;
    for (Entry& entry : table.entries) {
      if (entry.key == "temperature") temperatures.convert(table, entry);
    }
  }
}

}  // namespace otto
