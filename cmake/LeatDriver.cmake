# SPDX-License-Identifier: MIT
# leat_driver(NAME [UNVERSIONED] DESCRIPTION text SOURCES file... [LIBS lib...] [USES driver...]
#             [TESTS folder])
#
# A library of its own beside libleat, which is its user: it sees public headers only.
#
#   leat::NAME          shared, libleat-NAME.so; exports what its headers declare LEAT_API
#   leat::NAME_static   the same objects in an archive, libleat-NAME.a
#   leat_NAME_testing   an archive for its tests, to be linked with leat_testing; its private
#                       headers are in the include path
#
# LIBS are names for the linker (z, nghttp2) and become Libs.private of leat-NAME.pc; USES names
# drivers that were added before. TESTS is a folder that tests/CMakeLists.txt adds when it has
# the framework. UNVERSIONED exports all that is visible, under no version: for names of libc,
# which others ask for under libc's.
function(leat_driver name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "UNVERSIONED" "DESCRIPTION;TESTS" "SOURCES;LIBS;USES")
  set(objects leat_${name}_objects)
  add_library(${objects} OBJECT ${arg_SOURCES})
  set_target_properties(${objects} PROPERTIES
    C_STANDARD 17
    C_EXTENSIONS ON
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON)
  target_compile_definitions(${objects} PRIVATE _GNU_SOURCE)
  target_compile_options(${objects} PRIVATE ${LEAT_STACK_CLASH} -fexceptions)
  set(include ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_include_directories(${objects} PRIVATE
    ${CMAKE_CURRENT_SOURCE_DIR}/src ${include} ${PROJECT_SOURCE_DIR}/include)

  add_library(leat_${name} SHARED $<TARGET_OBJECTS:${objects}>)
  leat_join_archive(leat_${name}_static leat-${name} ${objects})
  add_library(leat_${name}_testing STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:${objects}>)
  target_include_directories(leat_${name}_testing INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  set(requires leat)
  foreach(other IN LISTS arg_USES)
    target_include_directories(${objects} PRIVATE
      $<TARGET_PROPERTY:leat_${other},INTERFACE_INCLUDE_DIRECTORIES>)
    string(APPEND requires ", leat-${other}")
  endforeach()
  foreach(kind IN ITEMS "" _static _testing)
    set(lib leat_${name}${kind})
    target_include_directories(${lib} INTERFACE
      $<BUILD_INTERFACE:${include}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${lib} PRIVATE ${arg_LIBS})
    foreach(other IN LISTS arg_USES)
      target_link_libraries(${lib} PUBLIC leat_${other}${kind})
    endforeach()
  endforeach()
  target_link_libraries(leat_${name} PUBLIC leat)
  target_link_libraries(leat_${name}_static PUBLIC leat_static)
  foreach(kind IN ITEMS "" _static)
    add_library(leat::${name}${kind} ALIAS leat_${name}${kind})
    set_target_properties(leat_${name}${kind} PROPERTIES
      OUTPUT_NAME leat-${name} LINKER_LANGUAGE C EXPORT_NAME ${name}${kind})
  endforeach()
  string(TOUPPER ${name} upper)
  set(map ${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
  file(CONFIGURE OUTPUT ${map}
    CONTENT "LEAT_${upper}_${PROJECT_VERSION_MAJOR} { global: leat_*; local: *; };\n")
  target_link_options(leat_${name} PRIVATE -Wl,-z,nodelete)
  if(NOT arg_UNVERSIONED)
    target_link_options(leat_${name} PRIVATE -Wl,--version-script=${map})
  endif()
  set_target_properties(leat_${name} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${map})

  if(LEAT_TESTS AND arg_TESTS)
    set_property(GLOBAL APPEND PROPERTY LEAT_DRIVER_TESTS
      ${CMAKE_CURRENT_SOURCE_DIR}/${arg_TESTS})
  endif()
  if(LEAT_INSTALL)
    leat_install_driver(${name})
  endif()
endfunction()

# What leat_driver has set is read here: its caller's variables.
function(leat_install_driver name)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/ OPTIONAL
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
  install(TARGETS leat_${name} leat_${name}_static EXPORT leat-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  file(RELATIVE_PATH LEAT_PC_PREFIX
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" LEAT_PC_PREFIX "${LEAT_PC_PREFIX}")
  list(TRANSFORM arg_LIBS PREPEND -l)
  list(JOIN arg_LIBS " " LEAT_DRIVER_LIBS)
  set(LEAT_DRIVER_NAME ${name})
  set(LEAT_DRIVER_DESCRIPTION ${arg_DESCRIPTION})
  set(LEAT_DRIVER_REQUIRES ${requires})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/driver.pc.in
    ${PROJECT_BINARY_DIR}/leat-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/leat-${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
