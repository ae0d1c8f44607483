// The text files of a run: history, log, summaries, and what a full disk does to them.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <ctime>
#include <fstream>
#include <sstream>

#include "../../src/driver/history_columns.h"
#include "otto/core/error.h"
#include "otto/io/files.h"
#include "otto/io/log.h"
#include "scratch.h"

using namespace otto;

namespace {

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> split(const std::string& line, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(line);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

class TextFiles : public testing::Test {
 protected:
  ScratchFolder scratch_{Comm(MPI_COMM_SELF)};
};

StepRecord some_record(long step) {
  StepRecord r;
  r.step = step;
  r.time = 0.1 * static_cast<double>(step);
  r.dt = 1.0 / 3.0;
  r.ledger = {1 - 1e-16, 5e-324, std::exp(1.0), -M_PI * 1e-7, 1e300, true};
  r.edi_gap = -std::sqrt(2.0) * 1e-17;
  r.newton_iterations = 3;
  r.linear_iterations = 41;
  r.wall_seconds = 0.25;
  return r;
}

TEST_F(TextFiles, HistoryRowsReadBackToTheSameNumbers) {
  const auto file = scratch_.path() / "history.csv";
  const auto columns = history_columns({.error_estimate = true, .gibbs_distance = true});
  HistoryWriter history(header_of(columns));
  history.open(file);
  StepRecord record = some_record(0);
  history.add(row_of(columns, {record, 0.1 + 0.2, {}}));
  record = some_record(7);
  record.error_estimate = 1e-9;
  history.add(row_of(columns, {record, 2.0 / 3.0, {}}));
  history.flush();
  const auto lines = split(read_text(file), '\n');
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(
      lines[0],
      "step,time,dt,mass,min_density,max_density,free_energy,dissipation,edi_gap,"
      "newton_iterations,linear_iterations,wall_seconds,refused,fallback,error_estimate,kl_gibbs");
  EXPECT_EQ(split(lines[1], ',')[14], "");
  EXPECT_EQ(std::stod(split(lines[1], ',')[15]), 0.1 + 0.2);
  const auto row = split(lines[2], ',');
  ASSERT_EQ(row.size(), 16U);
  const StepRecord r = some_record(7);
  EXPECT_EQ(row[0], "7");
  const std::vector<double> expected{r.time,
                                     r.dt,
                                     r.ledger.mass,
                                     r.ledger.min_density,
                                     r.ledger.max_density,
                                     r.ledger.free_energy,
                                     r.ledger.dissipation,
                                     r.edi_gap};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(std::strtod(row[i + 1].c_str(), nullptr), expected[i]) << i;
  }
  EXPECT_EQ(row[9], "3");
  EXPECT_EQ(row[10], "41");
}

TEST_F(TextFiles, AHistoryRowCostsMicroseconds) {
  const auto columns = history_columns({});
  HistoryWriter history(header_of(columns));
  history.open(scratch_.path() / "history.csv");
  const std::clock_t began = std::clock();  // of this process: other programs do not count
  constexpr int rows = 20000;
  for (int k = 0; k < rows; ++k) history.add(row_of(columns, {some_record(k), 0, {}}));
  const double spent = double(std::clock() - began) / CLOCKS_PER_SEC;
#ifdef __SANITIZE_ADDRESS__
  constexpr double limit = 200e-6;
#else
  constexpr double limit = 20e-6;  // measured: about 1e-6
#endif
  EXPECT_LT(spent / rows, limit);
  history.flush();
}

TEST_F(TextFiles, AFullDiskLeavesWholeRowsAndNamesTheFile) {
  for (const rlim_t room : {200, 300, 1000, 4000}) {
    const auto columns = history_columns({});
    HistoryWriter history(header_of(columns));
    const auto file = scratch_.path() / "history.csv";
    history.open(file);
    std::string message;
    {
      const SizeLimit limit(room);
      try {
        for (int k = 0; k < 100; ++k) {
          history.add(row_of(columns, {some_record(k), 0, {}}));
          history.flush();
        }
      } catch (const IoError& e) {
        message = e.what();
      }
    }
    EXPECT_EQ(message.find(file.string()), 0U) << message;
    const std::string text = read_text(file);
    ASSERT_FALSE(text.empty());
    EXPECT_EQ(text.back(), '\n');
    EXPECT_LE(text.size(), room);
    for (const auto& line : split(text, '\n')) EXPECT_EQ(split(line, ',').size(), 14U);
  }
}

TEST_F(TextFiles, AHistoryGoesOnAfterARowAndKeepsOtherColumns) {
  const auto file = scratch_.path() / "history.csv";
  {
    HistoryWriter history("step,time");
    history.open(file);
    for (int k = 0; k <= 5; ++k) history.add(fmt::format("{},{}", k, 0.5 * k));
    history.flush();
  }
  HistoryWriter same("step,time");
  EXPECT_EQ(same.resume(file, file, 3), "");
  same.add("4,9");
  same.flush();
  EXPECT_EQ(read_text(file), "step,time\n0,0\n1,0.5\n2,1\n3,1.5\n4,9\n");
  HistoryWriter missing("step,time");
  EXPECT_NE(missing.resume(file, file, 7).find("steps 5 to 7 are missing"), std::string::npos);
  HistoryWriter other("step,time,more");
  EXPECT_NE(other.resume(file, file, 4).find("it begins at step 5"), std::string::npos);
  EXPECT_EQ(read_text(file), "step,time,more\n");
  EXPECT_EQ(split(read_text(scratch_.path() / "history.before.csv"), '\n').size(), 6U);
}

/// What is left of a row, or has letters in it, is no row, nor is what follows: said, and written anew.
TEST_F(TextFiles, AHistoryWithADamagedRowEndsBeforeIt) {
  const auto file = scratch_.path() / "history.csv";
  for (const char* row : {"2", "2,1,7", "2,1x", "2,0.5 3", "2;1"}) {
    replace_file(file, fmt::format("step,time\n0,0\n1,\n{}\n3,nan\n4,inf\n", row));
    HistoryWriter history("step,time");
    EXPECT_NE(history.resume(file, file, 4).find("steps 2 to 4 are missing"), std::string::npos)
        << row;
    history.flush();
    EXPECT_EQ(read_text(file), "step,time\n0,0\n1,\n") << row;
  }
  replace_file(file, "step,time\n0,0\n1,\n2,-1e-300\n3,nan\n4,inf\n");
  HistoryWriter history("step,time");
  EXPECT_EQ(history.resume(file, file, 4), "");
}

TEST_F(TextFiles, ADeviceWithoutRoomIsAnError) {
  GrowingFile file;
  file.open("/dev/full");
  file.append("text");
  EXPECT_THROW(file.flush(), IoError);
}

TEST_F(TextFiles, ReplacingKeepsTheEarlierFileWhenItFails) {
  const auto file = scratch_.path() / "summary.json";
  replace_file(file, "earlier");
  for (const rlim_t room : {0, 1, 100}) {
    const SizeLimit limit(room);
    EXPECT_THROW(replace_file(file, std::string(101, 'x')), IoError);
  }
  EXPECT_EQ(read_text(file), "earlier");
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "summary.json.part"));
  replace_file(file, "later");
  EXPECT_EQ(read_text(file), "later");
}

TEST_F(TextFiles, AFolderThatCannotBeMadeIsNamed) {
  replace_file(scratch_.path() / "file", "x");
  for (const auto& folder : {scratch_.path() / "file", scratch_.path() / "file" / "sub"}) {
    try {
      make_folder(folder);
      ADD_FAILURE();
    } catch (const IoError& e) {
      EXPECT_NE(std::string(e.what()).find(folder.string()), std::string::npos) << e.what();
    }
  }
}

TEST_F(TextFiles, TheLogHoldsPlainTextOnly) {
  const auto file = scratch_.path() / "log.txt";
  {
    Log log(Comm(MPI_COMM_SELF), true);
    log.say("before the file\033[31m is open\r");
    log.open(file);
    log.live("too early for a line");
    testing::internal::CaptureStderr();
    log.warn("mind this");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: mind this\n");
    log.note("only here");
  }
  EXPECT_EQ(read_text(file), "before the file [31m is open \nwarning: mind this\nonly here\n");
}

TEST_F(TextFiles, ALogThatCannotBeWrittenSaysSoLater) {
  Log log(Comm(MPI_COMM_SELF), true);
  log.open("/dev/full");
  log.say("hello");
  ASSERT_TRUE(log.trouble().has_value());
  EXPECT_NE(log.trouble()->find("/dev/full"), std::string::npos);
}

}  // namespace
