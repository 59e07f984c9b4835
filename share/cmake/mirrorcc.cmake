# CMake toolchain file: cmake --toolchain .../share/cmake/mirrorcc.cmake
get_filename_component(MIRRORASM "${CMAKE_CURRENT_LIST_DIR}/../../dist" ABSOLUTE)
set(CMAKE_C_COMPILER "${MIRRORASM}/mirrorcc")
set(CMAKE_CXX_COMPILER "${MIRRORASM}/mirrorc++")
# `gcc -c` of assembly sources, not `as`: as CMake does by itself for a compiler that it knows as GNU.
set(CMAKE_ASM_COMPILER "${MIRRORASM}/mirrorcc")
# Only static programs are mirrored.
set(BUILD_SHARED_LIBS OFF CACHE BOOL "shared libraries are not supported" FORCE)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
