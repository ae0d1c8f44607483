# What `cmake --install` puts in a prefix: the program, the library with the headers meant for others, the
# modules where core/module looks for them, manual page and completion. A tree that is moved as a whole
# still works: every path in it is relative.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The headers meant for others, below include/otto; what they include is among them. MPI is all that a
# program built against them needs beside Otto. docs/Doxyfile reads the installed ones.
set(OTTO_PUBLIC_HEADERS
  core/archive.h core/comm.h core/error.h core/petsc.h core/point.h
  casefile/case.h casefile/key.h casefile/section.h
  mesh/box.h mesh/gmsh.h mesh/halo.h mesh/labels.h mesh/make_mesh.h mesh/mesh.h mesh/restrict.h mesh/simplices.h
  energy/free_energy.h energy/interaction.h energy/internal.h
  flux/two_point.h
  initial/initial.h
  operators/flux_limiter.h operators/generator.h operators/ledger.h operators/mobility.h
  linear/shifted_solver.h
  time/dispatch.h time/error_budget.h time/exponential_action.h time/flux_rules.h time/schemes.h time/step_control.h time/stepper.h
  time/timetable.h
  geodesic/density_pair.h geodesic/geodesic.h
  analysis/norms.h analysis/spectrum.h
  io/field_series.h io/final_state.h io/provenance.h
  driver/problem.h driver/simulation.h driver/time_options.h)
list(TRANSFORM OTTO_PUBLIC_HEADERS PREPEND ${CMAKE_SOURCE_DIR}/include/otto/)
target_sources(otto_library PUBLIC FILE_SET HEADERS BASE_DIRS include ${CMAKE_BINARY_DIR}/generated
  FILES ${OTTO_PUBLIC_HEADERS} ${CMAKE_BINARY_DIR}/generated/otto/version.h)

# Beside what lies in the system's folders, PETSc and others may lie elsewhere: their paths are kept.
set_target_properties(otto otto_library PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
file(RELATIVE_PATH OTTO_LIB_FROM_BIN /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
set_target_properties(otto PROPERTIES INSTALL_RPATH "$ORIGIN/${OTTO_LIB_FROM_BIN}" EXPORT_NAME program)

install(TARGETS otto otto_library EXPORT otto_targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(module otto_torch otto_vtk)
  if(TARGET ${module})
    set_target_properties(${module} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${module} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/otto)
  endif()
endforeach()

# What `otto report`, `otto demo` and `otto new` take: scripts, the cases without their pages, meshes.
set(OTTO_SHARED ${CMAKE_INSTALL_DATADIR}/otto)
install(PROGRAMS postprocess/report postprocess/plot DESTINATION ${OTTO_SHARED}/postprocess)
install(FILES postprocess/otto_report.py postprocess/otto_charts.py postprocess/otto_frames.py postprocess/otto_results.py
  postprocess/otto_pictures.py postprocess/otto_animation.py postprocess/otto_ledger.py postprocess/otto_sweep.py
  postprocess/otto_sweep_page.py DESTINATION ${OTTO_SHARED}/postprocess)
install(DIRECTORY cases DESTINATION ${OTTO_SHARED} USE_SOURCE_PERMISSIONS FILES_MATCHING PATTERN "*/*"
  PATTERN "README.md" EXCLUDE PATTERN "expected.toml" EXCLUDE PATTERN "exact*.py" EXCLUDE PATTERN "__pycache__" EXCLUDE
  PATTERN "digits.h5" EXCLUDE)
install(DIRECTORY meshes DESTINATION ${OTTO_SHARED} FILES_MATCHING PATTERN "*.msh")
install(FILES ${OTTO_PAGES}/otto.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${OTTO_PAGES}/otto.bash RENAME otto DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

# find_package(Otto): the target Otto::otto.
set(OTTO_PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/Otto)
install(EXPORT otto_targets FILE OttoTargets.cmake NAMESPACE Otto:: DESTINATION ${OTTO_PACKAGE})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/OttoConfig.cmake.in ${CMAKE_BINARY_DIR}/OttoConfig.cmake
  INSTALL_DESTINATION ${OTTO_PACKAGE})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/OttoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/OttoConfig.cmake ${CMAKE_BINARY_DIR}/OttoConfigVersion.cmake
  DESTINATION ${OTTO_PACKAGE})

# The bill of materials of what was linked, where Debian's package manager can tell.
find_program(DPKG_QUERY dpkg-query)
if(DPKG_QUERY AND NOT OTTO_FUZZ)
  set(OTTO_SBOM ${CMAKE_BINARY_DIR}/sbom.spdx.json)
  set(linked otto otto_library)
  foreach(module otto_torch otto_vtk)
    if(TARGET ${module})
      list(APPEND linked ${module})
    endif()
  endforeach()
  add_custom_command(OUTPUT ${OTTO_SBOM} DEPENDS ${linked} ${CMAKE_SOURCE_DIR}/scripts/sbom
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/sbom --build ${CMAKE_BINARY_DIR} --output ${OTTO_SBOM} VERBATIM)
  add_custom_target(sbom ALL DEPENDS ${OTTO_SBOM})
  install(FILES ${OTTO_SBOM} DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endif()
