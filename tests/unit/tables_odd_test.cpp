// Texts that are no tables: each kind of fault at a random row and column of a random table, in every way of writing
// one, is told with its line and column.

#include <fmt/format.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace otto
