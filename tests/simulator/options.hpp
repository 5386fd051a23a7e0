#pragma once

#include <span>
#include <string>
#include <string_view>

#include "protocol/base/result.hpp"
#include "tests/simulator/mistakes.hpp"
#include "tests/simulator/server.hpp"
#include "tests/simulator/service.hpp"

namespace fd::simulator {

/// The command line of fd-simulator.
struct Options {
  bool help = false;
  bool version = false;
  ServerOptions server;
  ServiceOptions service;
  std::string port_file;  ///< empty: none
  std::string answers;    ///< file of answer lines; empty: none
  std::string dataset;    ///< file of rows with gold; empty: none
  std::string question_field = "instruction";
  std::string gold_field = "gold_sql";
  std::string schema_field = "schema";
  MistakeRates mistakes;
};

/// Returns the options in `arguments` (without the program's name); a value stands in the next
/// argument or after "=".
/// Errors: invalid_input, naming the option, what is wrong, and for an unknown one the nearest.
Result<Options> parse_options(std::span<const std::string> arguments);

/// Returns what --help prints.
std::string_view usage();

}  // namespace fd::simulator
