# The rooms of the house and the arrows between them: otto_room(ROOM BELOW...) says which rooms ROOM stands
# on. A room includes headers of itself and of the rooms it reaches along arrows, and of no others:
# tests/house/test_rooms.py reads this file, follows every #include and every linked symbol, and fails on an
# arrow that is not drawn here. Each room is a target of its own, otto_ROOM.
set(OTTO_LIBRARY_OBJECTS)
function(otto_room room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/src/app/([a-z_]*main|large_blocks)\\.cpp$")  # of programs alone
  add_library(otto_${room} OBJECT ${sources})
  target_link_libraries(otto_${room} PUBLIC otto_flags)
  foreach(below ${ARGN})
    target_link_libraries(otto_${room} PUBLIC otto_${below})
  endforeach()
  if(room STREQUAL core)
    otto_precompiled(otto_core ${OTTO_COMMON_HEADERS})
  else()
    otto_precompiled_of(otto_${room} otto_core)
  endif()
  set_target_properties(otto_${room} PROPERTIES POSITION_INDEPENDENT_CODE ON)  # of app for the module of Python
  if(NOT room STREQUAL app)
    target_compile_options(otto_${room} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
    set(OTTO_LIBRARY_OBJECTS ${OTTO_LIBRARY_OBJECTS} $<TARGET_OBJECTS:otto_${room}> PARENT_SCOPE)
  endif()
endfunction()

otto_room(core)
otto_room(casefile core)
otto_room(mesh casefile)
otto_room(io mesh)
otto_room(tables io)
otto_room(network core)
otto_room(flux casefile)
otto_room(energy tables network)
otto_room(initial energy)
otto_room(operators energy flux)
otto_room(multigrid mesh)
otto_room(linear multigrid operators)
otto_room(newton linear)
otto_room(time newton)
otto_room(geodesic linear)
otto_room(analysis geodesic)
otto_room(learn geodesic newton network)
otto_room(infer time)
otto_room(particles tables network)
otto_room(driver learn infer particles analysis time initial)
otto_room(app driver)

# No contraction of a * b + c in what a time step or a training computes: the compiler may do it in the body of a loop and not in
# its rest, and the value of a cell would depend on its place in a rank's block.
foreach(room core mesh tables flux energy initial operators multigrid linear newton time geodesic analysis learn)
  target_compile_options(otto_${room} PRIVATE -ffp-contract=off)
endforeach()
set_source_files_properties(src/driver/gibbs_distance.cpp src/driver/moments.cpp PROPERTIES COMPILE_OPTIONS -ffp-contract=off)

target_include_directories(otto_core PRIVATE ${RANDOM123_INCLUDE_DIR})
set_source_files_properties(src/analysis/spectrum.cpp PROPERTIES INCLUDE_DIRECTORIES "${SLEPC_INCLUDE_DIRS}")
if(OTTO_FUZZ)  # rooms that no reader enters are only linked: half the time of the build
  foreach(room analysis app driver geodesic learn linear multigrid newton operators time)
    target_compile_options(otto_${room} PRIVATE -O0 -fno-sanitize=all)
  endforeach()
endif()
