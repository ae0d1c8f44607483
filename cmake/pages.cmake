# The manual page and the completion of bash, written by a program that asks the commands and the case
# file's declarations themselves (include/otto/app/pages.h). It starts no MPI.
add_executable(otto_pages src/app/pages_main.cpp)
target_link_libraries(otto_pages PRIVATE otto_program)
set(OTTO_PAGES ${CMAKE_BINARY_DIR}/pages)
file(MAKE_DIRECTORY ${OTTO_PAGES})
add_custom_command(OUTPUT ${OTTO_PAGES}/otto.1 ${OTTO_PAGES}/otto.bash
  COMMAND otto_pages ${OTTO_PAGES} DEPENDS otto_pages otto_library COMMENT "Manual page and completion")
add_custom_target(otto_page_files ALL DEPENDS ${OTTO_PAGES}/otto.1 ${OTTO_PAGES}/otto.bash)
add_dependencies(otto otto_page_files)
