#include "otto/core/petsc.h"

#include <petscsys.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <new>
#include <set>
#include <string_view>

#include "otto/core/error.h"
#include "otto/core/petsc_check.h"

namespace otto {

namespace {

/// The user's options, " -name value -flag".
std::string& handed_on() {
  static std::string words;
  return words;
}

/// Their names, "-name".
std::vector<std::string>& handed_names() {
  static std::vector<std::string> names;
  return names;
}

/// What the start of MPI changes in a host program is put back: its variables, by which programs the host starts
/// later would take themselves for this process, and its answers to signals.
class HostState {
 public:
  explicit HostState(bool kept) : kept_(kept) {
    for (char** entry = environ; kept_ && *entry; ++entry) before_.insert(name_of(*entry));
    for (int s = 1; kept_ && s < int(actions_.size()); ++s) {
      sigaction(s, nullptr, &actions_[std::size_t(s)]);
    }
  }
  ~HostState() {
    for (int s = 1; kept_ && s < int(actions_.size()); ++s) {
      sigaction(s, &actions_[std::size_t(s)], nullptr);  // fails for SIGKILL and SIGSTOP
    }
    std::vector<std::string> added;
    for (char** entry = environ; kept_ && *entry; ++entry) {
      if (std::string name = name_of(*entry); !before_.contains(name)) added.push_back(name);
    }
    for (const std::string& name : added) unsetenv(name.c_str());
  }
  HostState(const HostState&) = delete;
  HostState& operator=(const HostState&) = delete;

 private:
  static std::string name_of(std::string_view entry) {
    return std::string(entry.substr(0, entry.find('=')));
  }
  bool kept_;
  std::set<std::string> before_;
  std::array<struct sigaction, 32> actions_{};
};

/// Some launcher (mpirun, srun, flux, jsrun, ...) has started this process as a rank of its own.
bool was_launched() {
  constexpr std::array marks{"OMPI_COMM_", "PMI",   "SLURM_PROCID=", "FLUX_",
                             "JSM_",       "PALS_", "ALPS_"};
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view entry = *variable;
    if (std::ranges::any_of(marks, [&](const char* m) { return entry.starts_with(m); }))
      return true;
  }
  return false;
}

/// A run by itself needs no helper process (0.3 s of Open MPI's start), no fast network (25 ms of
/// loading its plug-ins) and no list of the machine's PCI devices (15 ms). Nor does it need Open
/// MPI's folder of temporary files, which has one name for all runs by themselves: one that ends
/// would remove it while another starts. The user's own settings win.
void start_alone() {
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  if (was_launched()) return;
  setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
  setenv("OMPI_MCA_pml", "ob1", 0);
  setenv("OMPI_MCA_btl", "self,vader,tcp", 0);
  setenv("HWLOC_COMPONENTS", "-linuxio,-pci,-opencl,-gl", 0);
}

/// A limit on the size of files and a reader that went away show as errors of the write, not as the
/// death of a rank. Open MPI's shared memory is a file of some MB for every rank: under a limit that
/// would not hold it, messages go another way. The user's own settings win.
void answer_limits() {
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  constexpr rlim_t shared_memory = 64 << 20;  // bytes; Open MPI 4.1 makes files of 4 MB and more
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= shared_memory) return;
  setenv("OMPI_MCA_pml", "ob1", 0);
  setenv("OMPI_MCA_btl", "self,tcp", 0);
  setenv("PMIX_MCA_gds", "hash", 0);
}

}  // namespace

void fail_for_petsc(PetscErrorCode code) {
  if (code == PETSC_ERR_MEM) throw std::bad_alloc();
  const char* text = nullptr;
  char* specific = nullptr;
  PetscErrorMessage(code, &text, &specific);
  std::string words = specific ? specific : "";
  words.resize(std::min(words.size(), words.find('\n')));
  constexpr std::array of_options{PETSC_ERR_ARG_UNKNOWN_TYPE, PETSC_ERR_ARG_WRONG,
                                  PETSC_ERR_ARG_OUTOFRANGE, PETSC_ERR_USER};
  if (!handed_on().empty() && std::ranges::find(of_options, code) != of_options.end()) {
    throw InputError("PETSc does not take one of the options" + handed_on() +
                     " ([petsc] or after --): " + (words.empty() ? text : words));
  }
  throw InternalError("PETSc: error " + std::to_string(code) + (text ? ": " : "") +
                      (text ? text : "") + (words.empty() ? "" : ": " + words));
}

PetscSession::PetscSession(bool guest) : guest_(guest) {
  PetscBool running = PETSC_FALSE;
  PetscInitialized(&running);
  if (!guest_) {
    answer_limits();
    start_alone();
  }
  if (!running) {
    const HostState kept(guest_);
    int mpi = 0;
    MPI_Initialized(&mpi);
    if (guest_ && mpi == 0) start_alone();
    check(PetscOptionsSetValue(nullptr, "-no_signal_handler", "1"));  // Otto answers signals itself
    check(PetscInitializeNoArguments());
    started_ = true;
  }
  // check() reports instead
  if (!guest_) check(PetscPushErrorHandler(PetscIgnoreErrorHandler, nullptr));
}

PetscSession::~PetscSession() {
  if (started_) PetscFinalize();
}

PetscCalls::PetscCalls() { check(PetscPushErrorHandler(PetscIgnoreErrorHandler, nullptr)); }

PetscCalls::~PetscCalls() {
  for (const std::string& name : handed_names()) PetscOptionsClearValue(nullptr, name.c_str());
  handed_names().clear();
  handed_on().clear();
  PetscPopErrorHandler();
}

void set_petsc_options(const std::vector<std::pair<std::string, std::string>>& options) {
  for (const auto& [name, value] : options) {
    handed_on() += " -" + name + (value.empty() ? "" : " " + value);
    handed_names().push_back("-" + name);
    check(PetscOptionsSetValue(nullptr, ("-" + name).c_str(),
                               value.empty() ? nullptr : value.c_str()));
  }
}

std::vector<std::pair<std::string, std::string>> parse_petsc_words(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> options;
  for (const std::string& word : words) {
    const bool is_name =
        word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1]));
    if (is_name) {
      options.emplace_back(word.substr(1), "");
    } else if (options.empty() || !options.back().second.empty()) {
      throw InputError("command line: '" + word + "' after -- is not a PETSc option; " +
                       "write options as -name value");
    } else {
      options.back().second = word;
    }
  }
  return options;
}

std::vector<int> petsc_integers(const std::string& option) {
  std::vector<PetscInt> numbers(16);
  auto count = PetscInt(numbers.size());
  check(PetscOptionsGetIntArray(nullptr, nullptr, option.c_str(), numbers.data(), &count, nullptr));
  return {numbers.begin(), numbers.begin() + count};
}

std::string petsc_version() {
  PetscInt major = 0, minor = 0, subminor = 0;
  check(PetscGetVersionNumber(&major, &minor, &subminor, nullptr));
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(subminor);
}

std::vector<std::string> unused_petsc_options(
    const std::vector<std::pair<std::string, std::string>>& options) {
  std::vector<std::string> unused;
  for (const auto& [name, value] : options) {
    PetscBool used = PETSC_FALSE;
    check(PetscOptionsUsed(nullptr, name.c_str(), &used));
    if (!used) unused.push_back(name);
  }
  return unused;
}

}  // namespace otto
