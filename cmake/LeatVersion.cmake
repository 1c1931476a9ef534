# SPDX-License-Identifier: MIT
# Reads LEAT_VERSION_{MAJOR,MINOR,PATCH} of <leat/base.h> into LEAT_VERSION.
set(leat_base_h ${CMAKE_CURRENT_LIST_DIR}/../include/leat/base.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${leat_base_h})

set(LEAT_VERSION "")
foreach(part IN ITEMS MAJOR MINOR PATCH)
  file(STRINGS ${leat_base_h} line REGEX "^#define LEAT_VERSION_${part} +[0-9]+$")
  if(NOT line MATCHES "([0-9]+)$")
    message(FATAL_ERROR "no LEAT_VERSION_${part} in ${leat_base_h}")
  endif()
  list(APPEND LEAT_VERSION ${CMAKE_MATCH_1})
endforeach()
list(JOIN LEAT_VERSION "." LEAT_VERSION)
