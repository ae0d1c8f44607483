// The reader on tables of its own, so that these tests do not depend on what the rooms declare.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "otto/casefile/case.h"
#include "otto/casefile/data.h"
#include "otto/core/error.h"

namespace otto {
namespace {

const Declare sample{
    {{.path = "sample", .doc = "A table of the tests."},
     {.path = "part", .doc = "An array of tables of the tests.", .repeated = true}},
    {{.path = "sample.kind", .type = Type::text, .doc = "What kind.", .fallback = "\"round\""},
     {.path = "sample.radius",
      .type = Type::real,
      .doc = "Its radius.",
      .required = true,
      .range = positive,
      .when = "kind=round"},
     {.path = "sample.sides",
      .type = Type::integer,
      .doc = "How many sides.",
      .fallback = "4",
      .range = {.min = 3, .max = 100},
      .when = "kind=polygon|star"},
     {.path = "sample.hollow", .type = Type::flag, .doc = "Empty inside.", .fallback = "false"},
     {.path = "sample.corners", .type = Type::reals, .doc = "Angles.", .range = {.max = 7}},
     {.path = "sample.counts", .type = Type::integers, .doc = "Counts.", .fallback = "[1, 2]"},
     {.path = "sample.wrapped", .type = Type::flags, .doc = "Which axes."},
     {.path = "sample.names", .type = Type::texts, .doc = "Names."},
     {.path = "sample.width", .type = Type::real_or_reals, .doc = "Width.", .fallback = "0.25"},
     {.path = "sample.tensor", .type = Type::matrix, .doc = "Rows.", .range = {.max = 7}},
     {.path = "sample.picture", .type = Type::text, .doc = "A file.", .file = true},
     {.path = "part.role", .type = Type::text, .doc = "Its role.", .required = true},
     {.path = "part.weight",
      .type = Type::real,
      .doc = "Its weight.",
      .fallback = "1.0",
      .when = "role=ballast"}},
    {{.path = "sample.kind", .value = "round", .doc = "A disc."},
     {.path = "sample.kind", .value = "polygon", .doc = "A polygon."},
     {.path = "sample.kind", .value = "star", .doc = "A star."},
     {.path = "part.role", .value = "ballast", .doc = "Heavy."},
     {.path = "part.role", .value = "sail", .doc = "Light."}}};

Case read(const std::string& text, const std::vector<std::string>& settings = {}) {
  return parse_case(text, "dir/case.toml", settings);
}

// The message of the first error.
std::string error_of(const std::string& text, const std::vector<std::string>& settings = {}) {
  try {
    read(text, settings);
  } catch (const InputError& e) {
    return e.what();
  }
  return "accepted";
}

Section sample_of(const std::string& text) {
  auto data = std::make_shared<CaseData>();
  data->file = "dir/case.toml";
  data->tables = parse_toml(text, *data);
  return {data, "sample", -1};
}

void expect_error(const std::string& text, const std::string& expected,
                  const std::vector<std::string>& settings = {}) {
  const std::string message = error_of(text, settings);
  EXPECT_NE(message.find(expected), std::string::npos) << text << "\n -> " << message;
  if (!settings.empty()) return;
  const auto first = message.find("case.toml:");
  ASSERT_NE(first, std::string::npos) << message;
  EXPECT_EQ(message.find("case.toml:", first + 1), std::string::npos) << message;
}

TEST(CaseReader, GivesValuesDefaultsAndPresence) {
  const Section s = sample_of(
      "[sample]\nradius = 2\nwrapped = [true, false]\ncorners = [1, 2.5]\n"
      "names = ['a', \"b\"]\nwidth = 3\npicture = 'p.png'\n");
  EXPECT_TRUE(s.present());
  EXPECT_EQ(s.real("radius"), 2.0);
  EXPECT_EQ(s.text("kind"), "round");
  EXPECT_FALSE(s.given("kind"));
  EXPECT_TRUE(s.has("kind"));
  EXPECT_FALSE(s.has("sides")) << "does not apply to a round one";
  EXPECT_EQ(s.integers("counts"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(s.flags("wrapped"), (std::vector<bool>{true, false}));
  EXPECT_EQ(s.reals("corners"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(s.texts("names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.reals("width"), (std::vector<double>{3}));
  try {  // relative to the case's folder, and looked for there
    (void)s.file("picture");
    ADD_FAILURE() << "there is no such file";
  } catch (const InputError& e) {
    const std::string message = e.what();
    EXPECT_EQ(message.find("dir/case.toml:7:1"), 0U) << message;
    EXPECT_NE(message.find("'dir/p.png'"), std::string::npos) << message;
  }
  EXPECT_EQ(s.where("radius"), "dir/case.toml:2:1");
  EXPECT_EQ(s.where("kind"), "dir/case.toml:1:2");
  EXPECT_THROW(static_cast<void>(s.real("nothing")), InternalError);
  EXPECT_THROW(static_cast<void>(s.integer("radius")), InternalError);
}

TEST(CaseReader, ReadsMatricesAndChecksEveryEntry) {
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(sample_of("[sample]\ntensor = [[1, 2.5], [\"1 + x\", 4]]\n").matrix("tensor"),
            (Rows{{"1", "2.5"}, {"1 + x", "4"}}));
  EXPECT_EQ(sample_of("[sample]\ntensor = [[1], [2, 3], []]\n").matrix("tensor"),
            (Rows{{"1"}, {"2", "3"}, {}}));
  expect_error("[sample]\ntensor = [1, 2]\n",
               "case.toml:2:11: sample.tensor = [1, 2]: an array of rows");
  expect_error("[sample]\ntensor = [[1, true]]\n", "rows of numbers or expressions is needed");
  expect_error("[sample]\ntensor = [[1, [2]]]\n", "rows of numbers or expressions is needed");
  expect_error("[sample]\ntensor = 3\n", "rows of numbers or expressions is needed");
  expect_error("[sample]\ntensor = [[1, 8]]\n", "it must be at most 7");
}

TEST(CaseReader, ReadingWhatIsNotGivenSaysWhatIsNeeded) {
  try {
    static_cast<void>(sample_of("[sample]\n").reals("corners"));
    FAIL();
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("[sample] needs the key 'corners'"), std::string::npos);
  }
}

TEST(CaseReader, NamesAreStrict) {
  expect_error("[sampel]\nradius = 1", "1:2: unknown table [sampel]; did you mean 'sample'?");
  expect_error("[sample]\nradus = 1",
               "2:1: unknown key 'radus' in [sample]; did you mean 'radius'?");
  expect_error("[sample]\nradius = 1\nweigth = 2", "did you mean 'weight' of [part]?");
  expect_error("radius = 1\n[sample]", "'radius' above the first table; did you mean 'radius' of");
  expect_error("[sample]\nqqqqqqqq = 1", "Its keys are");
  expect_error("sample = 3", "sample is a table, not a key; write [sample]");
  expect_error("[part]\nrole = 'sail'", "write [[part]] above each");
  expect_error("[[sample]]\nradius = 1", "write [sample], not [[sample]]");
  expect_error("[sample.inner]\nradius = 1", "unknown table [sample.inner]");
}

TEST(CaseReader, ValuesAreStrict) {
  expect_error("[sample]\nradius = 'big'", "2:10: sample.radius = \"big\": a number is needed");
  expect_error("[sample]\nradius = [1.0]", "a number is needed");
  expect_error("[sample]\nradius = true", "a number is needed");
  expect_error("[sample]\nradius = 2020-01-01", "a date or time: a number is needed");
  expect_error("[sample]\nradius = {a = 1}", "unknown table [sample.radius]");
  expect_error("[sample]\nradius = nan", "not a finite number");
  expect_error("[sample]\nradius = -inf", "not a finite number");
  expect_error("[sample]\nradius = 0", "must be greater than 0");
  expect_error("[sample]\nkind='star'\nsides = 2", "must be at least 3 and at most 100");
  expect_error("[sample]\nkind='star'\nsides = 4.0", "a whole number is needed, as in sides = 4");
  expect_error("[sample]\nkind='strar'", "did you mean 'star'? They are round, polygon and star");
  expect_error("[sample]\nradius=1\ncounts = 3", "an array of whole numbers is needed");
  expect_error("[sample]\nradius=1\ncounts = [\n1,\n'two']", "5:1: sample.counts");
  expect_error("[sample]\nradius=1\ncorners = [1, 8]", "must be at most 7");
  expect_error("[sample]\nradius=1\ncorners = [[1]]", "an array of numbers is needed");
  expect_error("[sample]\nradius=1\nhollow = 1", "true or false is needed");
  expect_error("[[part]]\nrole='sail'\n[[part]]\nrole='keel'", "4:6: part.role = \"keel\"");
}

TEST(CaseReader, CombinationsAreStrict) {
  expect_error("[sample]\nradius=1\nsides = 5",
               "3:1: sample.sides goes with kind = \"polygon\" or \"star\" only, and here kind is "
               "\"round\"");
  expect_error("[[part]]\nrole = 'sail'\nweight = 2", "part.weight goes with role = \"ballast\"");
}

TEST(CaseReader, WhatIsMissingIsNamed) {
  expect_error("[sample]\n",
               "1:2: [sample] needs the key 'radius' beside kind = \"round\"; add radius =");
  expect_error("[[part]]\nrole = 'sail'\n[[part]]\n", "3:1: [part] needs the key 'role'");
}

TEST(CaseReader, SyntaxErrorsSayWhereAndHow) {
  expect_error("[sample]\nkind = round", "2:8: not valid TOML");
  expect_error("[sample]\nkind = round", "text is written in quotes");
  expect_error("[sample]\nkind = round", "the line reads: kind = round");
  expect_error("[sample]\nradius = 1\nradius = 2", "'radius'; it is written twice");
  expect_error("[sample]\nradius = 1\n[sample]\n", "'sample'; it is written twice");
  expect_error("[sample\nradius = 1", "case.toml:1:");
  expect_error("[sample]\nradius =", "a value is missing");
  expect_error("[sample]\nradius = 99999999999999999999", "case.toml:2:");
  expect_error("[sample]\nradius = 1e999", "case.toml:2:");
  expect_error("", "1:1: the case file is empty");
  expect_error(" \n\n", "1:1: the case file is empty");
  expect_error("[sample]\nkind = \"\xff\"", "2:9: byte 0xff is not UTF-8 text");
  expect_error(std::string("a = 1\n\0b", 8), "2:1: byte 0x00");
}

TEST(CaseReader, SettingsOverrideAndCreate) {
  const std::string text =
      "[sample]\nradius = 1\n[[part]]\nrole='sail'\n[[part]]\nrole='ballast'\n";
  auto data = std::make_shared<CaseData>();
  data->tables = parse_toml(text, *data);
  for (const char* word :
       {"sample.radius=2.5", "sample.kind=star", "title=two words", "title = 7", "part[2].weight=3",
        "part.weight=4", "part[3].role=sail", "sample.names=['x']", "extra.key=1"}) {
    apply_setting(*data, word);
  }
  const Case c(data);
  EXPECT_EQ(c.section("sample").real("radius"), 2.5);
  EXPECT_EQ(c.section("sample").text("kind"), "star");
  EXPECT_EQ(c.root().text("title"), "7");
  ASSERT_EQ(c.sections("part").size(), 3u);
  EXPECT_EQ(c.sections("part")[1].real("weight"), 4.0);
  EXPECT_EQ(c.sections("part")[2].text("role"), "sail");
  EXPECT_EQ(c.section("sample").where("radius"), "--set sample.radius=2.5");
  EXPECT_NE(data->find("extra", -1), nullptr) << "left for validation to refuse";
}

TEST(CaseReader, BadSettingsNameTheWord) {
  const std::string text = "[sample]\nradius = 1\n";
  const auto refused = [&](const std::string& word, const std::string& expected) {
    expect_error(text, "--set " + word + ": ", {word});
    expect_error(text, expected, {word});
    EXPECT_EQ(error_of(text, {word}).find("case.toml"), std::string::npos);
  };
  refused("sample.radius", "a setting is written table.key=value");
  refused("=1", "is not of the form table.key");
  refused("sample.=1", "is not of the form table.key");
  refused("sample.radius=", "a value is missing");
  refused("sample.radius=abc", "'abc' is not a value");
  refused("sample.radius=-1", "must be greater than 0");
  refused("sample.radus=1", "did you mean 'radius'?");
  refused("smple.radius=1", "did you mean 'sample'?");
  refused("sample.kind=rund", "did you mean 'round'?");
  refused("sample[1].radius=1", "[sample] is a single table");
  refused("part[0].role=sail", "entries count from 1");
  refused("part[x].role=sail", "entries count from 1");
  refused("part[2].role=sail", "part[2] does not exist");
  refused("sample.radius=1\nsample.hollow=true", "is not a value");
}

TEST(CaseReader, FailuresCarryThePlaceOfTheKey) {
  const Section s = sample_of("[sample]\nradius = 1\n");
  try {
    s.fail("radius", "too round");
  } catch (const InputError& e) {
    EXPECT_STREQ(e.what(), "dir/case.toml:2:1: sample.radius: too round");
  }
}

TEST(ResolvedCase, HoldsEveryKeyAndReadsBackToItself) {
  const std::string text =
      "title = \"quotes \\\" and \\\\ and \\n\"\n[petsc]\nksp_rtol = 1e-8\nksp_monitor = true\n"
      "[sample]\nkind = 'star'\ncorners = [1, 0.1]\nnames = ['\u00e9']\npicture = 'a/../p.png'\n"
      "[[part]]\nrole = 'ballast'\n[[part]]\nrole = 'sail'\n";
  const auto resolve = [](const std::string& toml, const char* file) {
    auto data = std::make_shared<CaseData>();
    data->file = file;
    data->tables = parse_toml(toml, *data);
    return Case(data).resolved();
  };
  const std::string once = resolve(text, "/somewhere/case.toml");
  for (const char* part : {"title = \"quotes \\\" and \\\\ and \\n\"\n", "sides = 4  # default\n",
                           "counts = [1, 2]  # default", "# wrapped is not set",
                           "weight = 1.0  # default", "picture = \"/somewhere/p.png\"",
                           "corners = [1, 0.1]", "ksp_rtol = 1e-08", "ksp_monitor = true"}) {
    EXPECT_NE(once.find(part), std::string::npos) << part << "\n" << once;
  }
  EXPECT_EQ(once.find("radius"), std::string::npos) << "goes with kind = round only";
  const auto without_marks = [](std::string s) {
    for (auto at = s.find("  # default"); at != std::string::npos; at = s.find("  # default")) {
      s.erase(at, 11);
    }
    return s;
  };
  const std::string twice = resolve(once, "/elsewhere/case.toml");
  EXPECT_EQ(without_marks(twice), without_marks(once));
}

TEST(CaseReader, FilesThatCannotBeRead) {
  const Comm world;
  const auto refused = [&](const std::filesystem::path& file, const std::string& expected) {
    try {
      read_case(world, file);
      FAIL() << file;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), ExitStatus::bad_input);
      EXPECT_NE(std::string(e.what()).find(expected), std::string::npos) << e.what();
    }
  };
  refused("no/such/case.toml", "no/such/case.toml: no such file");
  refused(std::filesystem::temp_directory_path(), "is a folder");
  refused("/dev/zero", "larger than 16 MiB");
}

}  // namespace
}  // namespace otto
