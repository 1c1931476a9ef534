# SPDX-License-Identifier: MIT
# The libraries, without their sources: the folders of src/ add those with leat_sources().
#
#   leat::leat          shared; exports what include/leat declares LEAT_API, nothing else
#   leat::leat_static   the same objects in an archive
#   leat::leat_testing  an archive for our own tests: compiled with LEAT_TESTING=1, its private
#                       headers in the include path
find_package(Threads REQUIRED)

# Which folder of src/arch switches stacks on this machine.
if(LEAT_GENERIC OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(LEAT_ARCH generic)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(LEAT_ARCH x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(LEAT_ARCH aarch64)
else()
  set(LEAT_ARCH generic)
endif()

# leat_join_archive(target name objects): an archive of one object whose private names are local,
# so that a program may use those names for itself: an archive of the plain objects would offer
# every one of them to the linker.
function(leat_join_archive target name objects)
  set(joined ${PROJECT_BINARY_DIR}/${name}.o)
  add_library(${target} STATIC ${joined})
  add_custom_command(OUTPUT ${joined}
    COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${joined} $<TARGET_OBJECTS:${objects}>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${joined}
    DEPENDS ${objects} $<TARGET_OBJECTS:${objects}>
    COMMENT "Joining the objects of lib${name}.a"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${joined} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
endfunction()

# One set of objects serves both installed libraries: an archive of position independent code
# can go into anything, and with hidden visibility it costs nothing measurable.
add_library(leat_objects OBJECT)
leat_runtime(leat_objects)

add_library(leat SHARED $<TARGET_OBJECTS:leat_objects>)
add_library(leat_testing STATIC EXCLUDE_FROM_ALL)
leat_runtime(leat_testing)
leat_join_archive(leat_static leat leat_objects)

foreach(lib IN ITEMS leat leat_static leat_testing)
  add_library(leat::${lib} ALIAS ${lib})
  target_link_libraries(${lib} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  target_compile_features(${lib} INTERFACE c_std_11)
  target_include_directories(${lib} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_options(${lib} INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:${LEAT_STACK_CLASH}>)
endforeach()

# The loader must never unmap code that a goroutine's thread may still be running.
set_target_properties(leat PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  LINKER_LANGUAGE C
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/leat.map)
target_link_options(leat PRIVATE
  -Wl,-z,nodelete -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/leat.map)
leat_instrument_flags(leat_shared_flags)
if(NOT LEAT_SANITIZE STREQUAL thread)
  target_link_options(leat PRIVATE ${leat_shared_flags})
endif()
set_target_properties(leat_static PROPERTIES OUTPUT_NAME leat LINKER_LANGUAGE C)

set_target_properties(leat_testing PROPERTIES LINKER_LANGUAGE C)
target_include_directories(leat_testing INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(leat_testing
  PUBLIC LEAT_TESTING=1
  INTERFACE
    $<$<BOOL:${LEAT_CHECKS}>:LEAT_CHECKS=1>
    $<$<BOOL:${LEAT_HOSTILE}>:LEAT_HOSTILE=1>
    $<$<STREQUAL:${LEAT_ARCH},generic>:LEAT_GENERIC=1>)

# Adds files of the calling folder to the runtime.
function(leat_sources)
  foreach(file IN LISTS ARGN)
    target_sources(leat_objects PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    target_sources(leat_testing PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
endfunction()

# Names tests of the calling folder that look at a file's inside and lie beside it;
# tests/CMakeLists.txt, which comes later and knows the framework, makes programs of them.
function(leat_whitebox_tests)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY LEAT_WHITEBOX_TESTS ${ARGN})
endfunction()
