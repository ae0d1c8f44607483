# OTTO_SANITIZE: address and undefined-behaviour sanitizers in everything of ours. Foreign libraries
# leak on purpose; what LeakSanitizer must overlook of theirs is in sanitize/leaks.supp.
add_library(otto_sanitize INTERFACE)
if(NOT OTTO_SANITIZE)
  return()
endif()
set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined)
target_compile_options(otto_sanitize INTERFACE ${sanitizers} -fno-omit-frame-pointer)
target_link_options(otto_sanitize INTERFACE ${sanitizers} -rdynamic)

# The environment of the tests: leaks are looked for where one rank runs by itself. With several,
# Open MPI leaves memory behind that no name in a list can tell.
set(SANITIZE_COMMON UBSAN_OPTIONS=print_stacktrace=1
  LSAN_OPTIONS=print_suppressions=0:suppressions=${CMAKE_SOURCE_DIR}/cmake/sanitize/leaks.supp)
set(SANITIZE_ALONE ${SANITIZE_COMMON} ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1)
set(SANITIZE_SEVERAL ${SANITIZE_COMMON} ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1)
