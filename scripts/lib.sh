# shellcheck shell=bash
# Shared by the scripts of this folder; sourced, never run. Sets `root` (the top of the tree) and the
# environment that MPI programs need, and defines say, fail, need, build.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

cores=$(nproc)  # before OMP_NUM_THREADS is set, which nproc obeys

# OpenMPI: allow root (containers), more ranks than cores (by the word of version 4 and of version 5),
# and idle ranks that yield.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_mpi_yield_when_idle=1
export OMP_NUM_THREADS=1
# A home folder that cannot be written must not stop the compiler cache or the pictures.
if [ ! -w "${HOME:-/nonexistent}" ]; then
  export CCACHE_DIR="$root/build/.ccache" MPLCONFIGDIR="$root/build/.matplotlib"
fi

say() { printf '\n== %s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Prints the comment block at the top of the calling script.
help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Installs the named sets of packages where they are missing.
need() { "$root/scripts/install-deps" "$@" </dev/null; }

# As many compilers as there are cores, but no more than one per GiB of free memory.
jobs() {
  local memory
  memory=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || true)
  [ "${memory:-0}" -ge 1 ] || memory=1
  echo $((cores < memory ? cores : memory))
}

# Configures build/ where that has not been done for this tree (it may have moved), then brings the
# targets named up to date (`all`: everything).
build() {
  local cache="$root/build/CMakeCache.txt" log="$root/build/configure.log" target
  mkdir -p "$root/build"
  if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache" 2>/dev/null ||
    ! grep -qxF "CMAKE_GENERATOR:INTERNAL=Ninja" "$cache" || [ ! -f "$root/build/build.ninja" ]; then
    (cd "$root" && cmake --preset release --fresh) >"$log" 2>&1 || {
      cat "$log" >&2
      fail "CMake failed (above); without the packages of Debian 12 or 13 see docs/install.md"
    }
  fi
  local targets=()
  for target in "$@"; do targets+=(--target "$target"); done
  cmake --build "$root/build" --parallel "$(jobs)" "${targets[@]}" </dev/null
}
