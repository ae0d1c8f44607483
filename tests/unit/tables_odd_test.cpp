// Texts that are no tables: each kind of fault at a random row and column of a random table, in every way of writing
// one, is told with its line and column.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "otto/tables/lattice.h"
#include "scratch.h"

namespace otto {
namespace {

enum class Head { none, names, comment, plumed };

/// A way of writing rows of numbers.
struct Style {
  const char* name;
  const char* separator;
  Head head;
  const char* end;     ///< of lines
  bool blank_lines;    ///< and comments between the rows
  const char* before;  ///< each row
};

constexpr Style styles[] = {{"blanks", " ", Head::none, "\n", false, ""},
                            {"columns", "   ", Head::comment, "\n", true, "  "},
                            {"PLUMED", "  ", Head::plumed, "\n", true, " "},
                            {"CSV", ",", Head::names, "\n", false, ""},
                            {"CSV of Windows", ",", Head::names, "\r\n", true, ""},
                            {"semicolons", ";", Head::names, "\n", true, ""},
                            {"tabs", "\t", Head::comment, "\n", false, ""}};

/// What a fault does to a row.
enum class Spoil { word, coordinate, value, shorter, longer };

struct Fault {
  Spoil spoil;
  const char* word;   ///< in place of a number
  const char* words;  ///< of the message
};

/// Words at any column, told with line and column; rows of another length with column 1; numbers that
/// are none with the line.
constexpr Fault faults[] = {{Spoil::word, "abc", "'abc' is not a number"},
                            {Spoil::word, "0x1p3", "'0x1p3' is not a number"},
                            {Spoil::word, "1.5D+02", "'1.5D+02' is not a number"},
                            {Spoil::word, "--1.5", "'--1.5' is not a number"},
                            {Spoil::word, "1.5.2", "'1.5.2' is not a number"},
                            {Spoil::word, "3kJ", "'3kJ' is not a number"},
                            {Spoil::word, "1.5e", "'1.5e' is not a number"},
                            {Spoil::word, "*******", "'*******' is not a number"},
                            {Spoil::word, "1+2j", "'1+2j' is not a number"},
                            {Spoil::word, "\xb0", "is no text in UTF-8"},
                            {Spoil::shorter, "", "a row of 2 numbers"},
                            {Spoil::longer, "1", "a row of 4 numbers"},
                            {Spoil::coordinate, "nan", "the coordinate x is nan"},
                            {Spoil::coordinate, "-inf", "the coordinate x is -inf"},
                            {Spoil::value, "NaN", "the value at"},
                            {Spoil::value, "-inf", "is -inf; say it"}};

using Words = std::vector<std::string>;

void spoil_row(Words& row, const Fault& fault, std::size_t column) {
  if (fault.spoil == Spoil::shorter) return row.pop_back();
  if (fault.spoil == Spoil::longer) return row.push_back(fault.word);
  row[fault.spoil == Spoil::coordinate ? 0 : fault.spoil == Spoil::value ? 2 : column] = fault.word;
}

std::string head_of(Head head) {
  if (head == Head::names) return "x,y,F";
  if (head == Head::comment) return "# x y F";
  return "#! FIELDS x y F";
}

struct Written {
  std::string text;
  std::size_t line = 0, column = 1;  ///< of the spoilt word
};

Written write(const Style& style, const Fault& fault, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return std::size_t(random() % n); };
  const std::size_t nx = 3 + below(4), ny = 3 + below(4);
  const std::size_t bad = 1 + below(nx * ny - 1), at = below(3);  // the first row sets the columns
  Written w;
  std::size_t line = 0;
  const auto put = [&](const std::string& content) {
    w.text += content + style.end;
    ++line;
  };
  if (style.head != Head::none) {
    std::string head = head_of(style.head);
    if (style.head == Head::names) {
      for (char& c : head) c = c == ',' ? style.separator[0] : c;
    }
    put(head);
  }
  if (style.head == Head::plumed) {
    for (const char* words : {"min_x 0", "max_x 9", "min_y 0", "max_y 9", "periodic_y false"}) {
      put(fmt::format("#! SET {}", words));
    }
  }
  for (std::size_t i = 0; i < nx * ny; ++i) {
    if (style.blank_lines && below(3) == 0) put(below(2) == 0 ? "" : "# a remark");
    Words row{fmt::format("{:.3f}", 0.5 * double(i % nx)),
              fmt::format("{:.3f}", 0.25 * double(i / nx)),
              fmt::format("{:.6e}", double(random()) * 1e-9)};
    if (i == bad) spoil_row(row, fault, at);
    std::string content = style.before;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) content += style.separator;
      if (i == bad && c == at && fault.spoil == Spoil::word) w.column = content.size() + 1;
      content += row[c];
    }
    put(content);
    if (i == bad) w.line = line;
  }
  return w;
}

TEST(OddTables, EachFaultIsToldWithItsLineAndColumn) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const auto file = scratch.path() / "odd";
  int refused = 0;
  for (const unsigned seed : {1U, 2U}) {
    std::mt19937 random(seed);
    for (const Style& style : styles) {
      for (const Fault& fault : faults) {
        const Written w = write(style, fault, random);
        std::ofstream(file, std::ios::binary) << w.text;
        const std::string name =
            fmt::format("{}, {}, seed {}:\n{}", fault.word, style.name, seed, w.text);
        try {
          (void)read_lattice(file, 2, {.array = "", .advice = "say it"});
          ADD_FAILURE() << "was read: " << name;
        } catch (const InputError& error) {
          const std::string text = error.what();
          const std::string place =
              (fault.spoil != Spoil::coordinate && fault.spoil != Spoil::value)
                  ? fmt::format("{}:{}:{}: ", file.string(), w.line, w.column)
                  : fmt::format("{}:{}: ", file.string(), w.line);
          EXPECT_TRUE(text.starts_with(place)) << text << "\n is not at " << place << name;
          EXPECT_NE(text.find(fault.words), std::string::npos)
              << text << "\n does not say " << fault.words;
          ++refused;
        }
      }
    }
  }
  EXPECT_GE(refused, 200);
}

/// The message of what read_lattice refuses; "" where it reads.
std::string refusal_of(const std::string& text, int dimension, const LatticeOptions& options) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const auto file = scratch.path() / "table";
  std::ofstream(file) << text;
  try {
    (void)read_lattice(file, dimension, options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

/// F = 10 y + x on 3 x 2 points with the columns in the order of the names.
std::string columns_in_order(const std::string& head, const std::string& order) {
  std::string text = head + "\n";
  for (const int y : {0, 1}) {
    for (const int x : {0, 1, 2}) {
      for (const char name : order) {
        text += fmt::format("{} ", name == 'x' ? x : name == 'y' ? y : 10 * y + x);
      }
      text += "\n";
    }
  }
  return text;
}

TEST(OddTables, CoordinatesByNameInAnotherOrderAreRefused) {
  const std::string words = "in the order x, y";
  for (const std::string order : {"yxF", "Fxy", "xFy", "yFx"}) {
    const std::string names = fmt::format("{} {} {}", order[0], order[1], order[2]);
    for (const std::string& head : {names, "# " + names, "#! FIELDS " + names}) {
      const std::string text = refusal_of(columns_in_order(head, order), 2, {.array = "F"});
      EXPECT_NE(text.find(words), std::string::npos) << head << ": " << text;
    }
  }
  for (const char* head : {"x y F", "# x y F", "#! FIELDS x y F", "x y z", "b a F", "y z F", ""}) {
    EXPECT_EQ(refusal_of(columns_in_order(head, "xyF"), 2, {}), "") << head;
  }
  EXPECT_EQ(refusal_of("s x\n0 1\n1 2\n", 1, {.array = "x"}), "");
}

/// A grid of PLUMED over s from 0 to 6 without the points in `left_out`, of the `points` that it has.
std::string line_grid(const std::string& bins, int points, const std::vector<int>& left_out,
                      bool periodic) {
  std::string text = fmt::format(
      "#! FIELDS s F\n#! SET min_s 0\n#! SET max_s 6\n#! SET periodic_s {}\n", periodic);
  if (!bins.empty()) text += "#! SET nbins_s " + bins + "\n";
  for (int i = 0; i < points; ++i) {
    if (std::ranges::find(left_out, i) != left_out.end()) continue;
    text += fmt::format("{:.4f} {}\n", 0.5 * i, i * (12 - i));
  }
  return text;
}

TEST(OddTables, GridsWithFewerRowsThanTheyTellAreRefused) {
  for (const std::string bins : {"12", ""}) {
    EXPECT_EQ(refusal_of(line_grid(bins, 12, {}, true), 1, {}), "");
    EXPECT_EQ(refusal_of(line_grid(bins, 13, {}, true), 1, {}), "");   // the last repeats the first
    EXPECT_EQ(refusal_of(line_grid(bins, 13, {}, false), 1, {}), "");  // both ends
    for (const bool periodic : {true, false}) {
      for (const std::vector<int>& holes : {std::vector{3}, {5, 6}, {1, 8}}) {
        const std::string text = refusal_of(line_grid(bins, periodic ? 12 : 13, holes, periodic), 1,
                                            {.array = "", .advice = "say it"});
        EXPECT_NE(text.find("has no rows between s = "), std::string::npos) << text;
        EXPECT_NE(text.find("; say it"), std::string::npos) << text;
        EXPECT_EQ(refusal_of(line_grid(bins, 13, holes, periodic), 1, {.may_miss = true}), "");
      }
    }
  }
  const auto told = [](const std::string& bins, int points) {
    return refusal_of(line_grid(bins, points, {}, points < 13), 1,
                      {.array = "", .advice = "say it"});
  };
  EXPECT_NE(told("12", 11).find("has 11 points along s, and nbins_s says 12"), std::string::npos);
  EXPECT_NE(told("60", 12).find("has 12 points along s, and nbins_s says 60"), std::string::npos);
  EXPECT_NE(told("10", 13).find("has 13 points along s, and nbins_s says 10"), std::string::npos);
  for (const std::string bins : {"0", "-3", "2.5", "nan", "many"}) {
    EXPECT_NE(told(bins, 12).find("table:5:16: nbins_s = "), std::string::npos) << told(bins, 12);
  }
}

TEST(OddTables, PointsThatAGridLacksAreMissingOnes) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const auto file = scratch.path() / "table";
  std::ofstream(file) << line_grid("12", 12, {5, 6}, true);
  const Lattice lattice = read_lattice(file, 1, {.may_miss = true});
  ASSERT_EQ(lattice.axis[0].size(), 12U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(lattice.axis[0][i], 0.5 * double(i), 1e-12);
    EXPECT_EQ(std::isnan(lattice.values[i]), i == 5 || i == 6) << i;
  }
}

}  // namespace
}  // namespace otto
