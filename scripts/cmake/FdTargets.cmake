# fd_room, fd_library, fd_program, fd_variant and fd_test: every target of the project is made
# by one of these.

add_library(fd_options INTERFACE)
target_include_directories(fd_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(fd_options INTERFACE FD_VERSION="${PROJECT_VERSION}")
target_compile_options(fd_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -fno-strict-aliasing
  -pthread)  # some libraries ask for it: compiled headers fit only where it is the same
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns wrongly of std::variant (PR 105593) and std::string (PR 105651, 105329) once it inlines;
  # the sanitizer builds look for the real thing.
  target_compile_options(fd_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict
                         -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(FD_WERROR)
  target_compile_options(fd_options INTERFACE -Werror)
endif()
if(FD_SANITIZE STREQUAL "address")
  # CAF's type registry trips UBSan's null check by design, so that one check stays off.
  set(FD_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize=null -fno-sanitize-recover=all
      -fno-omit-frame-pointer)
elseif(FD_SANITIZE STREQUAL "thread")
  set(FD_SANITIZE_FLAGS -fsanitize=thread -fno-omit-frame-pointer)
endif()
if(FD_SANITIZE_FLAGS)
  target_compile_options(fd_options INTERFACE ${FD_SANITIZE_FLAGS})
  target_link_options(fd_options INTERFACE ${FD_SANITIZE_FLAGS})
endif()

# fd_headers(NAME HEADER [LINKS x ...] [OPTIONS x ...]): headers that are compiled once, for all targets
# that name them (HEADERS) and have the same options. A file includes what it uses all the same.
function(fd_headers name header)
  cmake_parse_arguments(ARG "" "" "LINKS;OPTIONS" ${ARGN})
  set(directory ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/headers)
  add_library(${name} OBJECT ${directory}/empty.cpp)
  target_link_libraries(${name} PRIVATE fd_options ${ARG_LINKS})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${directory}/${header})
endfunction()
fd_headers(fd_std_headers std.hpp)
fd_headers(fd_caf_headers caf.hpp LINKS caf_core)
if(FD_TESTS)
  # A test's own code is run once; what it tests lies in libraries, and those are optimized.
  set(FD_TEST_OPTIONS $<$<CONFIG:RelWithDebInfo>:-O0>)
  fd_headers(fd_test_headers test.hpp LINKS GTest::gtest OPTIONS ${FD_TEST_OPTIONS})
  add_library(fd_built_in_stages OBJECT ${CMAKE_SOURCE_DIR}/tests/support/built_in_stages.cpp)
  target_link_libraries(fd_built_in_stages PRIVATE fd_options)
  add_library(fd_test_main OBJECT ${CMAKE_SOURCE_DIR}/tests/support/test_main.cpp)
  target_link_libraries(fd_test_main PRIVATE fd_options GTest::gtest)
endif()

# fd_share_headers(NAME HEADERS): compiles the target with these compiled headers, and with FD_UNITY up
# to eight of its files as one, which share their headers and unnamed namespaces then.
# -Wsubobject-linkage is off there, since it takes a file that shares for a header.
function(fd_share_headers name headers)
  target_precompile_headers(${name} REUSE_FROM ${headers})
  if(FD_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8
                          UNITY_BUILD_UNIQUE_ID FD_UNIT)
    target_compile_options(${name} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# fd_library(NAME SOURCES a.cpp ... LINKS x ... [HEADERS compiled_headers])
function(fd_library name)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC fd_options ${ARG_LINKS})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS fd_std_headers)
  endif()
  fd_share_headers(${name} ${ARG_HEADERS})
endfunction()

# fd_room(NAME [USES fd_room ...] [LINKS library ...] [EXCEPT file ...] [HEADERS x]): the files of this folder as a
# library. Its files may include those of the rooms it uses, and of the rooms that those use; any other
# include of ours is an error. A room must be there before it is used, so there is no cycle.
function(fd_room name)
  cmake_parse_arguments(ARG "" "HEADERS" "USES;LINKS;EXCEPT" ${ARGN})
  file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(allowed ${room})
  foreach(used IN LISTS ARG_USES)
    if(NOT TARGET ${used})
      message(FATAL_ERROR "${room} uses ${used}, which is not a room below it")
    endif()
    get_target_property(more ${used} FD_ROOMS)
    list(APPEND allowed ${more})
  endforeach()
  list(REMOVE_DUPLICATES allowed)

  file(GLOB files CONFIGURE_DEPENDS *.hpp *.cpp)
  foreach(file IN LISTS files)
    file(STRINGS ${file} includes REGEX "^#include \"")
    foreach(line IN LISTS includes)
      string(REGEX REPLACE "^#include \"(.*)/[^/]*\".*" "\\1" included "${line}")
      if(NOT included IN_LIST allowed)
        message(FATAL_ERROR "${file}: ${line}: ${room} uses no room ${included}")
      endif()
    endforeach()
  endforeach()

  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  list(TRANSFORM ARG_EXCEPT PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(REMOVE_ITEM sources ${ARG_EXCEPT})
  fd_library(${name} SOURCES ${sources} LINKS ${ARG_USES} ${ARG_LINKS} HEADERS ${ARG_HEADERS})
  set_target_properties(${name} PROPERTIES FD_ROOMS "${allowed}")
endfunction()

# fd_program(NAME SOURCES a.cpp ... LINKS x ...): an installed executable.
function(fd_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE fd_options ${ARG_LINKS})
  if(NOT FD_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,--no-as-needed ${JEMALLOC} -Wl,--as-needed)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# fd_variant(NAME VARIANT OBJECTS): the program NAME again, as VARIANT-bin/NAME, from the same objects and
# libraries and from the objects of OBJECTS, whose definitions stand in for those of the libraries. For
# tests only, never installed.
function(fd_variant name variant objects)
  set(target ${name}-${variant})
  add_executable(${target} $<TARGET_OBJECTS:${name}> $<TARGET_OBJECTS:${objects}>)
  get_target_property(links ${name} LINK_LIBRARIES)
  get_target_property(options ${name} LINK_OPTIONS)
  target_link_libraries(${target} PRIVATE ${links})
  if(options)
    target_link_options(${target} PRIVATE ${options})
  endif()
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE CXX
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${variant}-bin)
endfunction()

# fd_test(NAME SOURCES a_test.cpp ... LINKS x ... [LABEL unit|golden|e2e|timed] [OWN_STAGES]): one GoogleTest
# program and one ctest entry. OWN_STAGES: it brings stages of its own; others have the built-in ones.
function(fd_test name)
  cmake_parse_arguments(ARG "OWN_STAGES" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  add_executable(${name} ${ARG_SOURCES} $<TARGET_OBJECTS:fd_test_main>)
  if(NOT ARG_OWN_STAGES)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:fd_built_in_stages>)
  endif()
  target_link_libraries(${name} PRIVATE fd_options GTest::gtest ${ARG_LINKS})
  target_compile_definitions(${name} PRIVATE FD_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             FD_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  target_compile_options(${name} PRIVATE ${FD_TEST_OPTIONS})
  fd_share_headers(${name} fd_test_headers)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
