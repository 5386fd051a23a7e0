# fd_library, fd_program, fd_failpoint_program and fd_test: every target of the project is made by one
# of these.

add_library(fd_options INTERFACE)
target_include_directories(fd_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(fd_options INTERFACE FD_VERSION="${PROJECT_VERSION}")
target_compile_options(fd_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -fno-strict-aliasing)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns wrongly of std::variant (PR 105593) and std::string (PR 105651) once it inlines; the
  # sanitizer builds look for the real thing.
  target_compile_options(fd_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
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

# fd_share_headers(NAME): most of a file's compile time is headers; four files of this target share
# them, and with them their unnamed namespaces. -Wsubobject-linkage is off, since it takes a file that
# shares for a header.
function(fd_share_headers name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4
                        UNITY_BUILD_UNIQUE_ID FD_UNIT)
  target_compile_options(${name} PRIVATE -Wno-subobject-linkage)
endfunction()

# fd_library(NAME SOURCES a.cpp ... LINKS x ...)
function(fd_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC fd_options ${ARG_LINKS})
  fd_share_headers(${name})
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

# fd_failpoint_program(NAME): the program NAME again, from the same objects and libraries, under
# failpoint-bin; its failpoints do what the environment asks for. For tests only, never installed.
function(fd_failpoint_program name)
  add_executable(${name}-failpoints $<TARGET_OBJECTS:${name}> $<TARGET_OBJECTS:fd_failpoints>)
  get_target_property(links ${name} LINK_LIBRARIES)
  get_target_property(options ${name} LINK_OPTIONS)
  target_link_libraries(${name}-failpoints PRIVATE ${links})
  if(options)
    target_link_options(${name}-failpoints PRIVATE ${options})
  endif()
  set_target_properties(${name}-failpoints PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE CXX
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/failpoint-bin)
endfunction()

# fd_test(NAME SOURCES a_test.cpp ... LINKS x ... [LABEL unit|golden|e2e|timed]): one GoogleTest
# program and one ctest entry.
function(fd_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE fd_options GTest::gtest GTest::gtest_main ${ARG_LINKS})
  target_compile_definitions(${name} PRIVATE FD_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             FD_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  # A test's own code is run once; what it tests lies in libraries, and those are optimized fully.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  fd_share_headers(${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
