#include "otto/core/fault.h"

#include <mpi.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>

#include "otto/core/error.h"

namespace otto {

namespace {

struct Plan {
  std::string place, kind = "error";
  long rank = 0, visit = 0, cell = 0, bytes = 0;
};

Plan read_plan() {
  Plan plan;
  const char* text = std::getenv("OTTO_FAULT");
  std::string rest = text ? text : "";
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string word = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (key == "place") plan.place = value;
    if (key == "kind") plan.kind = value;
    const long number = std::strtol(value.c_str(), nullptr, 10);
    if (key == "rank") plan.rank = number;
    if (key == "visit") plan.visit = number;
    if (key == "cell") plan.cell = number;
    if (key == "bytes") plan.bytes = number;
  }
  return plan;
}

Plan plan;  // filled when the first place is visited
bool read = false;

int my_rank() {
  int up = 0, rank = 0;
  MPI_Initialized(&up);
  if (up != 0) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// The planned visit of the planned place on the planned rank.
bool strikes(const char* place) {
  if (!read) plan = read_plan();
  read = true;
  return plan.place == place && my_rank() == plan.rank && plan.visit-- == 0;
}

void strike(const char* place) {
  std::fprintf(stderr, "[fault] at '%s' on rank %d\n", place, my_rank());  // whoever times it
  if (plan.kind == "exit") _exit(1);
  if (plan.kind == "kill") std::raise(SIGKILL);
  if (plan.kind == "memory") throw std::bad_alloc();
  if (plan.kind == "error") {
    throw InternalError("injected fault at '" + std::string(place) + "' on rank " +
                        std::to_string(my_rank()));
  }
}

}  // namespace

const bool fault::armed = std::getenv("OTTO_FAULT") != nullptr;

void fault::visit(const char* place) {
  if (strikes(place)) strike(place);
}

void fault::visit(const char* place, std::span<double> values) {
  if (!strikes(place)) return;
  strike(place);
  if (values.empty()) return;
  double& value = values[static_cast<std::size_t>(plan.cell) % values.size()];
  if (plan.kind == "nan") value = std::numeric_limits<double>::quiet_NaN();
  if (plan.kind == "inf") value = std::numeric_limits<double>::infinity();
  if (plan.kind == "-inf") value = -std::numeric_limits<double>::infinity();
}

std::size_t fault::room(std::size_t wanted) {
  if (!read) plan = read_plan();
  read = true;
  if (plan.kind != "full" || my_rank() != plan.rank) return wanted;
  const auto left = static_cast<std::size_t>(plan.bytes);
  const std::size_t taken = wanted < left ? wanted : left;
  plan.bytes -= static_cast<long>(taken);
  return taken;
}

}  // namespace otto
