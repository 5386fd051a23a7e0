# Debian's packages as targets. CAF and libzmq ship no CMake package there; RE2 only a .pc file.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(simdjson REQUIRED)
find_package(msgpack REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
find_path(CPPZMQ_INCLUDE zmq.hpp REQUIRED)

find_path(CAF_INCLUDE caf/all.hpp REQUIRED)
find_library(CAF_CORE caf_core REQUIRED)
add_library(caf_core UNKNOWN IMPORTED)
set_target_properties(caf_core PROPERTIES IMPORTED_LOCATION ${CAF_CORE})
target_include_directories(caf_core SYSTEM INTERFACE ${CAF_INCLUDE})
target_link_libraries(caf_core INTERFACE Threads::Threads)

# Malloc of the long-running programs: an eighth less CPU over the whole pipeline than glibc's, whose
# arenas suffer from memory that one thread takes and another gives back. Sanitizers bring their own.
find_library(JEMALLOC jemalloc REQUIRED)

if(FD_TESTS)
  find_package(GTest REQUIRED)
endif()
