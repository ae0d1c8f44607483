#include "confined_network.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "otto/core/confinement.h"
#include "otto/core/error.h"

namespace otto {

namespace {

using Clock = std::chrono::steady_clock;

/// Points sent at once.
constexpr std::size_t batch_points = 2048;
constexpr std::size_t max_words = 2000;  // of a message of the child

/// What a child says of its network; `words` instead where there is none.
struct Facts {
  std::int64_t dimension = 0, parameters = 0;
  std::int32_t single = 0, boxed = 0;
  TrainingBox box;
  std::array<char, max_words> words{};
};

enum class Wanted : std::int64_t { values, slopes };
struct Request {
  Wanted wanted = Wanted::values;
  std::int64_t points = 0;
};

/// One end of the connection. Numbers go as they lie in memory: both ends are one program.
class End {
 public:
  explicit End(int descriptor) : fd_(descriptor) {}
  /// False where the other end is gone, or `until` has passed.
  bool send(const void* data, std::size_t size,
            Clock::time_point until = Clock::time_point::max()) {
    const auto* at = static_cast<const char*>(data);
    while (size > 0) {
      if (!ready(POLLOUT, until)) return false;
      // the child may only write; in the parent a child that is gone must not end the run
      const bool child = until == Clock::time_point::max();
      const ssize_t n = child ? ::write(fd_, at, size) : ::send(fd_, at, size, MSG_NOSIGNAL);
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n <= 0) return false;
      at += n;
      size -= std::size_t(n);
    }
    return true;
  }
  bool receive(void* data, std::size_t size, Clock::time_point until = Clock::time_point::max()) {
    auto* at = static_cast<char*>(data);
    while (size > 0) {
      if (!ready(POLLIN, until)) return false;
      const ssize_t n = ::read(fd_, at, size);
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n <= 0) return false;
      at += n;
      size -= std::size_t(n);
    }
    return true;
  }

 private:
  /// The child waits in read and write themselves: it may not poll.
  bool ready(short event, Clock::time_point until) const {
    if (until == Clock::time_point::max()) return true;
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) return false;
      pollfd p{fd_, event, 0};
      const int n = poll(&p, 1, int(std::min<long long>(left.count(), 1000)));
      if (n > 0) return true;
      if (n < 0 && errno != EINTR) return false;
    }
  }
  int fd_;
};

/// What went wrong, into a message of the child.
void tell(const std::string& name, const std::exception& e, std::array<char, max_words>& words) {
  const bool memory = dynamic_cast<const std::bad_alloc*>(&e) != nullptr;
  const std::string text = memory ? name + ": needs more memory than a confined program may take"
                                  : std::string(e.what());
  std::strncpy(words.data(), text.c_str(), max_words - 1);
  for (char& c : words) {  // a terminal obeys some characters
    if (c != 0 && c != '\n' && std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
  }
}

std::size_t numbers_of(Wanted wanted) { return wanted == Wanted::values ? 1 : 3; }

/// The child's life after its network is there.
void serve(const std::string& name, End& parent, const NetworkFunction& network) {
  Request request;
  std::vector<Point> points, slopes;
  std::vector<double> values;
  while (parent.receive(&request, sizeof(request))) {
    const auto n = std::size_t(request.points);
    points.resize(n);
    values.resize(n);
    slopes.resize(n);
    if (!parent.receive(points.data(), n * sizeof(Point))) return;
    std::array<char, max_words> words{};
    try {
      if (request.wanted == Wanted::values) network.evaluate(points, values);
      if (request.wanted == Wanted::slopes) network.gradient(points, slopes);
    } catch (const std::exception& e) {
      tell(name, e, words);
    }
    if (!parent.send(words.data(), max_words)) return;
    if (words[0] != 0) continue;
    const void* answer = request.wanted == Wanted::values ? static_cast<void*>(values.data())
                                                          : static_cast<void*>(slopes.data());
    if (!parent.send(answer, n * numbers_of(request.wanted) * sizeof(double))) return;
  }
}

[[noreturn]] void live_as_child(const std::string& name, int descriptor,
                                const std::function<void()>& prepare,
                                const std::function<std::unique_ptr<NetworkFunction>()>& read,
                                const ConfinedOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int s : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTERM, SIGINT})
    signal(s, SIG_DFL);
  End parent(descriptor);
  Facts facts;
  std::unique_ptr<NetworkFunction> network;
  try {
    prepare();
    close_descriptors_but(descriptor);
    if (!confine({.memory_bytes = options.memory_bytes})) {
      throw InputError(name +
                       ": cannot be confined: this kernel filters no system calls (seccomp)");
    }
    network = read();
    facts.dimension = network->dimension();
    facts.parameters = network->parameters();
    facts.single = network->single_precision();
    if (const auto box = network->box()) {
      facts.boxed = 1;
      facts.box = *box;
    }
  } catch (const std::exception& e) {
    tell(name, e, facts.words);
  }
  if (parent.send(&facts, sizeof(facts)) && network) serve(name, parent, *network);
  _exit(0);
}

class ConfinedNetwork final : public NetworkFunction {
 public:
  ConfinedNetwork(std::string name, int descriptor, pid_t child, const ConfinedOptions& options)
      : name_(std::move(name)),
        descriptor_(descriptor),
        child_(child),
        options_(options),
        end_(descriptor) {
    if (!end_.receive(&facts_, sizeof(facts_), deadline(0))) lose("did not give its network");
    facts_.words.back() = 0;
    if (facts_.words[0] != 0) {
      end();
      throw InputError(facts_.words.data());
    }
  }
  ~ConfinedNetwork() override { end(); }
  ConfinedNetwork(const ConfinedNetwork&) = delete;
  ConfinedNetwork& operator=(const ConfinedNetwork&) = delete;

  int dimension() const override { return int(facts_.dimension); }
  std::int64_t parameters() const override { return facts_.parameters; }
  bool program() const override { return true; }
  bool single_precision() const override { return facts_.single != 0; }
  std::optional<TrainingBox> box() const override {
    return facts_.boxed != 0 ? std::optional(facts_.box) : std::nullopt;
  }

  void evaluate(std::span<const Point> points, std::span<double> U) const override {
    ask(Wanted::values, points, U.data());
  }
  void gradient(std::span<const Point> points, std::span<Point> slope) const override {
    ask(Wanted::slopes, points, slope.empty() ? nullptr : slope.front().data());
  }

 private:
  [[nodiscard]] Clock::time_point deadline(std::size_t points) const {
    const double seconds = options_.patience + options_.seconds_per_point * double(points);
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  void ask(Wanted wanted, std::span<const Point> points, double* answer) const {
    static_assert(sizeof(Point) == 3 * sizeof(double));
    for (std::size_t first = 0; first < points.size(); first += batch_points) {
      const auto batch = points.subspan(first, std::min(batch_points, points.size() - first));
      const Request request{wanted, std::int64_t(batch.size())};
      const auto until = deadline(batch.size());
      std::array<char, max_words> words{};
      if (!end_.send(&request, sizeof(request), until) ||
          !end_.send(batch.data(), batch.size_bytes(), until) ||
          !end_.receive(words.data(), max_words, until)) {
        lose("gave no values");
      }
      words.back() = 0;
      if (words[0] != 0) throw InputError(words.data());
      const std::size_t numbers = batch.size() * numbers_of(wanted);
      if (!end_.receive(answer, numbers * sizeof(double), until)) lose("gave no values");
      answer += numbers;
    }
  }

  /// The child is gone or too slow: ends it and tells what happened.
  [[noreturn]] void lose(const char* what) const {
    int status = 0;
    const bool ended = child_ > 0 && waitpid(child_, &status, WNOHANG) == child_;
    if (!ended) end();
    child_ = -1;
    const std::string how = !ended ? fmt::format("in {:.0f} s", options_.patience)
                            : WIFSIGNALED(status)
                                ? fmt::format("and was ended by signal {} ({})", WTERMSIG(status),
                                              strsignal(WTERMSIG(status)))
                                : "and ended by itself";
    throw InputError(
        fmt::format("{}: the confined program {} {}; it may be hostile", name_, what, how));
  }

  void end() const {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    child_ = -1;
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  }

  std::string name_;
  mutable int descriptor_;
  mutable pid_t child_;
  ConfinedOptions options_;
  mutable End end_;
  Facts facts_;
};

}  // namespace

std::unique_ptr<NetworkFunction> confine_network(
    const std::string& name, const std::function<void()>& prepare,
    const std::function<std::unique_ptr<NetworkFunction>()>& read, const ConfinedOptions& options) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw InputError(fmt::format("{}: no process can be confined: {}", name, std::strerror(errno)));
  }
  const pid_t child = fork();
  if (child == 0) {
    close(pair[0]);
    live_as_child(name, pair[1], prepare, read, options);
  }
  close(pair[1]);
  if (child < 0) {
    close(pair[0]);
    throw InputError(fmt::format("{}: no process can be confined: {}", name, std::strerror(errno)));
  }
  return std::make_unique<ConfinedNetwork>(name, pair[0], child, options);
}

}  // namespace otto
