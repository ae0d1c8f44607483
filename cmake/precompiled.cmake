# Headers that most files read, parsed once: they are most of what a short file has the compiler read. otto_precompiled(TARGET HEADERS...)
# parses them for TARGET, otto_precompiled_of(TARGET OTHER) lets TARGET read those of OTHER, which is compiled with the
# same flags but for such as gcc lets differ. Other compilers, sanitized and fuzzed builds go without, so that a file that does
# not name what it needs is found there.
set(OTTO_COMMON_HEADERS <algorithm> <array> <cmath> <filesystem> <functional> <map> <memory> <optional> <span>
  <sstream> <string> <vector> <fmt/format.h> <petscksp.h>)

if(OTTO_SANITIZE OR OTTO_FUZZ OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  function(otto_precompiled)
  endfunction()
  function(otto_precompiled_of)
  endfunction()
  return()
endif()

function(otto_precompiled target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
endfunction()

function(otto_precompiled_of target other)
  target_precompile_headers(${target} REUSE_FROM ${other})
endfunction()
