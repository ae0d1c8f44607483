# VTK in a module of its own, loaded on demand (include/otto/io/vtk_module.h).
find_package(VTK 9.1 QUIET COMPONENTS CommonCore CommonDataModel IOXML OPTIONAL_COMPONENTS IOHDF)
if(NOT VTK_FOUND)
  message(STATUS "VTK not found: building without .vti tables and XML output")
  return()
endif()
file(GLOB OTTO_VTK_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/vtk/*.cpp)
add_library(otto_vtk MODULE ${OTTO_VTK_SOURCES})
target_include_directories(otto_vtk PRIVATE include)
target_include_directories(otto_vtk SYSTEM PRIVATE ${MPI_CXX_INCLUDE_DIRS})
target_compile_options(otto_vtk PRIVATE -Wall -Wextra -Wshadow)
# Some headers name MPI types; no MPI function is called.
target_compile_definitions(otto_vtk PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
target_link_libraries(otto_vtk PRIVATE otto_sanitize VTK::CommonCore VTK::CommonDataModel VTK::IOXML)
set_target_properties(otto_vtk PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
  PREFIX "lib" CXX_VISIBILITY_PRESET default)
add_dependencies(otto otto_vtk)
