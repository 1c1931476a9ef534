# SPDX-License-Identifier: MIT
# Compiler flags, for targets and folders: CMAKE_C_FLAGS stays the user's.
#
#   LEAT_WARNINGS               the warnings our own code is held to
#   leat_instrument_flags(out)  the sanitizer or coverage of this build
#   leat_programs_below()       both, for the programs of a folder
#   leat_runtime(target)        what every object of the runtime needs
#
# LEAT_STACK_CLASH holds the flag that makes big frames probe their pages, so that a deep call
# hits the guard below a goroutine's stack instead of jumping over it; users get it too.
include(CheckCCompilerFlag)

# As an error: clang warns, and goes on, where a machine does not know the flag.
set(CMAKE_REQUIRED_FLAGS -Werror)
check_c_compiler_flag(-fstack-clash-protection LEAT_HAS_STACK_CLASH)
unset(CMAKE_REQUIRED_FLAGS)
set(LEAT_STACK_CLASH "")
if(LEAT_HAS_STACK_CLASH)
  set(LEAT_STACK_CLASH -fstack-clash-protection)
endif()

set(LEAT_WARNINGS "")
foreach(flag IN ITEMS -Wall -Wextra -Wshadow -Wundef -Wconversion -Wvla)
  list(APPEND LEAT_WARNINGS $<$<COMPILE_LANGUAGE:C,CXX>:${flag}>)
endforeach()
list(APPEND LEAT_WARNINGS
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
  $<$<COMPILE_LANG_AND_ID:C,Clang>:-Wthread-safety>
  $<$<BOOL:${LEAT_WERROR}>:-Werror>)

# The flags of LEAT_SANITIZE and LEAT_COVERAGE, for compiling and linking alike.
function(leat_instrument_flags out)
  set(flags "")
  if(LEAT_SANITIZE)
    list(APPEND flags -fsanitize=${LEAT_SANITIZE} -fno-omit-frame-pointer)
  endif()
  if(LEAT_SANITIZE STREQUAL undefined)
    list(APPEND flags -fno-sanitize-recover=all)
  endif()
  if(LEAT_COVERAGE)
    list(APPEND flags --coverage -fprofile-update=atomic)
  endif()
  set(${out} ${flags} PARENT_SCOPE)
endfunction()

# For the programs of the calling folder and of those below it.
function(leat_programs_below)
  leat_instrument_flags(flags)
  add_compile_options(${LEAT_WARNINGS} ${flags})
  add_link_options(${flags})
endfunction()

# The runtime proper. It is never built with LTO: a compiler that sees through a stack switch
# keeps the address of a thread's variable across it. Under ThreadSanitizer its objects stay
# uninstrumented and tell the tool about goroutines and edges by hooks; code that switches
# stacks between function entry and exit would corrupt the tool's shadow stack.
function(leat_runtime target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 17
    C_STANDARD_REQUIRED ON
    C_EXTENSIONS ON
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON
    INTERPROCEDURAL_OPTIMIZATION OFF)
  target_compile_options(${target} PRIVATE
    ${LEAT_WARNINGS} ${LEAT_STACK_CLASH}
    -fexceptions -ftls-model=initial-exec -fno-plt -fno-lto
    # The dump knows the runtime's own frames by this name, wherever the sources lie.
    -ffile-prefix-map=${PROJECT_SOURCE_DIR}/src=leat/src)
  target_compile_definitions(${target} PRIVATE
    _GNU_SOURCE
    $<$<BOOL:${LEAT_CHECKS}>:LEAT_CHECKS=1>
    $<$<BOOL:${LEAT_HOSTILE}>:LEAT_HOSTILE=1>
    $<$<STREQUAL:${LEAT_ARCH},generic>:LEAT_GENERIC=1>)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  if(NOT LEAT_SANITIZE STREQUAL thread)
    leat_instrument_flags(flags)
    target_compile_options(${target} PRIVATE ${flags})
  endif()
endfunction()
