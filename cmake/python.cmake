# Package otto for Python: the extension module _otto (python/src) and plain Python above it (python/otto), in
# build/python to be used from there.
find_package(Python 3.9 COMPONENTS Interpreter Development.Module NumPy QUIET)
if(Python_FOUND)
  execute_process(COMMAND ${Python_EXECUTABLE} -c "import pybind11; print(pybind11.get_cmake_dir())"
    OUTPUT_VARIABLE PYBIND11_HINT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 2.10 CONFIG QUIET HINTS ${PYBIND11_HINT})
if(NOT pybind11_FOUND OR NOT Python_FOUND)
  message(STATUS "pybind11 or Python's headers not found: building without package otto for Python")
  return()
endif()

set(OTTO_PYTHON ${CMAKE_BINARY_DIR}/python/otto)
file(MAKE_DIRECTORY ${OTTO_PYTHON})
file(GLOB OTTO_PYTHON_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/python/otto/*.py)
# What reads results and draws them is the same for the package and the scripts of postprocess/.
list(APPEND OTTO_PYTHON_FILES ${CMAKE_SOURCE_DIR}/postprocess/otto_results.py
  ${CMAKE_SOURCE_DIR}/postprocess/otto_pictures.py)
foreach(file ${OTTO_PYTHON_FILES})
  get_filename_component(name ${file} NAME)
  file(CREATE_LINK ${file} ${OTTO_PYTHON}/${name} SYMBOLIC)
endforeach()

file(GLOB OTTO_PYTHON_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/python/src/*.cpp)
pybind11_add_module(otto_python NO_EXTRAS ${OTTO_PYTHON_SOURCES})
target_link_libraries(otto_python PRIVATE otto_program)
otto_precompiled(otto_python ${OTTO_COMMON_HEADERS} <pybind11/numpy.h> <pybind11/pybind11.h> <pybind11/stl.h>)
set_target_properties(otto_python PROPERTIES OUTPUT_NAME _otto LIBRARY_OUTPUT_DIRECTORY ${OTTO_PYTHON})

# Installed: below lib/pythonX.Y of the prefix, where Debian's Python looks for it under /usr/local. The wheel that
# `pip install .` makes holds the library, its modules and the program beside the extension module.
set(OTTO_PYTHON_PACKAGES site-packages)
if(EXISTS /etc/debian_version AND CMAKE_INSTALL_PREFIX STREQUAL "/usr/local")
  set(OTTO_PYTHON_PACKAGES dist-packages)
endif()
set(OTTO_PYTHON_DIR lib/python${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}/${OTTO_PYTHON_PACKAGES}
  CACHE STRING "Where package otto for Python is installed, below the prefix")
include(GNUInstallDirs)
file(RELATIVE_PATH OTTO_LIB_FROM_PYTHON /prefix/${OTTO_PYTHON_DIR}/otto /prefix/${CMAKE_INSTALL_LIBDIR})
set_target_properties(otto_python PROPERTIES INSTALL_RPATH "$ORIGIN;$ORIGIN/${OTTO_LIB_FROM_PYTHON}"
  INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS otto_python LIBRARY DESTINATION ${OTTO_PYTHON_DIR}/otto)
install(FILES ${OTTO_PYTHON_FILES} DESTINATION ${OTTO_PYTHON_DIR}/otto)
install(FILES ${OTTO_PYTHON_FILES} DESTINATION otto COMPONENT wheel EXCLUDE_FROM_ALL)
foreach(target otto_python otto_library otto_torch otto_vtk otto)
  if(TARGET ${target})
    install(TARGETS ${target} COMPONENT wheel EXCLUDE_FROM_ALL
      RUNTIME DESTINATION otto LIBRARY DESTINATION otto NAMELINK_SKIP FILE_SET HEADERS DESTINATION none COMPONENT none)
  endif()
endforeach()
