# SPDX-License-Identifier: MIT
# leat_test(NAME SOURCES file... [LIBS lib...] [LABELS label...] [TIMEOUT seconds]
#           [WITHOUT_LEAT])
#
# Builds one test program on the framework (t.h says how to write it) and tells ctest. It is
# linked with leat_testing, the archive with leat's private symbols, so it may include internal
# headers; WITHOUT_LEAT leaves leat out. A program whose cases were all skipped counts as
# skipped. TIMEOUT bounds the program as a whole; each case has a limit of its own.
function(leat_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WITHOUT_LEAT" "TIMEOUT" "SOURCES;LIBS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "leat_test(${name}): bad arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 1800)
  endif()

  if(name IN_LIST LEAT_CORE_PROGRAMS)
    list(APPEND arg_LABELS core)
  endif()

  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE leat_t ${arg_LIBS})
  if(NOT arg_WITHOUT_LEAT)
    # The framework refers to leat weakly, and a weak reference fetches nothing from an archive:
    # the whole of it is taken.
    target_link_libraries(${name} PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,leat::leat_testing>)
  endif()

  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    SKIP_RETURN_CODE 77 TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    # CMake starts the runner in the emulator; the runner starts its cases there.
    list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " wrapper)
    set_property(TEST ${name} PROPERTY ENVIRONMENT "T_MODE=qemu" "T_WRAPPER=${wrapper}")
  endif()
endfunction()
