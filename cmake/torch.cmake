# libtorch in a module of its own, loaded on demand (include/otto/network/network_module.h).
find_package(Torch 1.13 QUIET)
if(NOT Torch_FOUND)
  message(STATUS "libtorch not found: building without network energies")
  return()
endif()
file(GLOB OTTO_TORCH_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/torch/*.cpp)
# the module links nothing of Otto, so it has its own copy of the random numbers
add_library(otto_torch MODULE ${OTTO_TORCH_SOURCES} src/core/random.cpp)
target_include_directories(otto_torch PRIVATE include ${RANDOM123_INCLUDE_DIR})
target_compile_options(otto_torch PRIVATE -Wall -Wextra -Wshadow)
# torch brings its headers as ordinary ones
get_target_property(OTTO_TORCH_HEADERS torch INTERFACE_INCLUDE_DIRECTORIES)
if(OTTO_TORCH_HEADERS)
  target_include_directories(otto_torch SYSTEM PRIVATE ${OTTO_TORCH_HEADERS})
endif()
target_link_libraries(otto_torch PRIVATE otto_sanitize ${TORCH_LIBRARIES})
otto_precompiled(otto_torch <torch/script.h> <torch/csrc/autograd/autograd.h>)
set_target_properties(otto_torch PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
  PREFIX "lib" CXX_VISIBILITY_PRESET default)
add_dependencies(otto otto_torch)
