# SPDX-License-Identifier: MIT
# What `cmake --install` puts where: headers, libraries, man pages, and the two ways to find
# them again, find_package(leat) and pkg-config.
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS leat leat_static EXPORT leat-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/man/man3
  DESTINATION ${CMAKE_INSTALL_MANDIR}
  FILES_MATCHING PATTERN "*.3")

set(leat_cmakedir ${CMAKE_INSTALL_LIBDIR}/cmake/leat)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/leat-config.cmake.in
  ${PROJECT_BINARY_DIR}/leat-config.cmake
  INSTALL_DESTINATION ${leat_cmakedir})
# Until 1.0 a minor version may break what the one before it promised.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/leat-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(EXPORT leat-targets NAMESPACE leat:: DESTINATION ${leat_cmakedir})
install(FILES
  ${PROJECT_BINARY_DIR}/leat-config.cmake
  ${PROJECT_BINARY_DIR}/leat-config-version.cmake
  DESTINATION ${leat_cmakedir})

# leat-race is leat plus the compiler's race detector: what -race is to Go.
file(RELATIVE_PATH LEAT_PC_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" LEAT_PC_PREFIX "${LEAT_PC_PREFIX}")
foreach(pc IN ITEMS leat leat-race)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
