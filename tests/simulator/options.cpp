#include "tests/simulator/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <ranges>
#include <utility>
#include <vector>

#include "protocol/base/edit_distance.hpp"
#include "tests/simulator/chat_request.hpp"
#include "tests/simulator/refuse.hpp"

namespace fd::simulator {
namespace {

using Setter = std::function<Result<void>(std::string_view value, Options& options)>;

struct Option {
  std::string_view name;
  bool takes_value = true;
  Setter set;
};

std::string short_number(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

Result<double> read_number(std::string_view value, double least, double most) {
  double number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc() || end != value.data() + value.size() || !std::isfinite(number)) {
    return refuse("'" + std::string(value) + "' is not a number");
  }
  if (number < least || number > most) {
    return refuse(std::string(value) + " is out of range, must be in [" + short_number(least) +
                  ", " + short_number(most) + "]");
  }
  return number;
}

Result<std::uint64_t> read_count(std::string_view value, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc() || end != value.data() + value.size() || number > most) {
    return refuse("'" + std::string(value) + "' is not a whole number in [0, " +
                  std::to_string(most) + "]");
  }
  return number;
}

Result<void> set_listen(std::string_view value, Options& options) {
  const std::size_t colon = value.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return refuse("'" + std::string(value) + "' is not HOST:PORT");
  }
  std::string_view host = value.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || (!bracketed && host.find(':') != std::string_view::npos)) {
    return refuse("'" + std::string(value) + "' is not HOST:PORT (an IPv6 address needs brackets)");
  }
  FD_TRY(const std::uint64_t port, read_count(value.substr(colon + 1), 65535));
  options.server.host = host;
  options.server.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> set_models(std::string_view value, Options& options) {
  options.service.models.clear();
  while (true) {
    const std::string_view name = value.substr(0, value.find(','));
    if (name.empty()) {
      return refuse("a model name is empty");
    }
    options.service.models.emplace_back(name);
    if (name.size() == value.size()) {
      return {};
    }
    value.remove_prefix(name.size() + 1);
  }
}

Option text(std::string_view name, std::function<std::string&(Options&)> field) {
  return {name, true, [field](std::string_view value, Options& options) -> Result<void> {
            if (value.empty()) {
              return refuse("must not be empty");
            }
            field(options) = value;
            return {};
          }};
}

Option number(std::string_view name, double most, std::function<double&(Options&)> field) {
  return {name, true, [field, most](std::string_view value, Options& options) -> Result<void> {
            FD_TRY(field(options), read_number(value, 0, most));
            return {};
          }};
}

Option count(std::string_view name, std::uint64_t most,
             std::function<std::uint64_t&(Options&)> field) {
  return {name, true, [field, most](std::string_view value, Options& options) -> Result<void> {
            FD_TRY(field(options), read_count(value, most));
            return {};
          }};
}

Option flag(std::string_view name, std::function<bool&(Options&)> field) {
  return {name, false, [field](std::string_view, Options& options) -> Result<void> {
            field(options) = true;
            return {};
          }};
}

std::vector<Option> known_options() {
  return {
      flag("--help", [](Options& to) -> bool& { return to.help; }),
      flag("--version", [](Options& to) -> bool& { return to.version; }),
      {"--listen", true, set_listen},
      text("--port-file", [](Options& to) -> std::string& { return to.port_file; }),
      text("--answers", [](Options& to) -> std::string& { return to.answers; }),
      text("--dataset", [](Options& to) -> std::string& { return to.dataset; }),
      text("--question-field", [](Options& to) -> std::string& { return to.question_field; }),
      text("--gold-field", [](Options& to) -> std::string& { return to.gold_field; }),
      text("--schema-field", [](Options& to) -> std::string& { return to.schema_field; }),
      count("--seed", UINT64_MAX, [](Options& to) -> std::uint64_t& { return to.service.seed; }),
      number("--wrong", 1, [](Options& to) -> double& { return to.mistakes.wrong; }),
      number("--fenced", 1, [](Options& to) -> double& { return to.mistakes.fenced; }),
      number("--broken", 1, [](Options& to) -> double& { return to.mistakes.broken; }),
      flag("--fixed", [](Options& to) -> bool& { return to.service.fixed; }),
      {"--models", true, set_models},
      number("--latency-ms", kMaxLatencyMs,
             [](Options& to) -> double& { return to.service.latency.mean_ms; }),
      number("--sigma", 10, [](Options& to) -> double& { return to.service.latency.sigma; }),
      text("--request-log", [](Options& to) -> std::string& { return to.server.request_log; }),
      number("--fail-rate-429", 1,
             [](Options& to) -> double& { return to.service.faults.rate_limited; }),
      number("--fail-rate-500", 1,
             [](Options& to) -> double& { return to.service.faults.server_error; }),
      number("--close-rate", 1, [](Options& to) -> double& { return to.service.faults.closed; }),
      number("--truncate-rate", 1,
             [](Options& to) -> double& { return to.service.faults.truncated; }),
      number("--hang-rate", 1, [](Options& to) -> double& { return to.service.faults.hung; }),
      number("--malformed-rate", 1,
             [](Options& to) -> double& { return to.service.faults.malformed; }),
      count("--fail-first", 1'000'000,
            [](Options& to) -> std::uint64_t& { return to.service.faults.fail_first; }),
      text("--reject-contains",
           [](Options& to) -> std::string& { return to.service.reject_contains; }),
      count("--choices-max", kMaxChoices,
            [](Options& to) -> std::uint64_t& { return to.service.choices_max; }),
      flag("--refuse-n", [](Options& to) -> bool& { return to.service.refuse_n; }),
      number("--retry-after", 86'400,
             [](Options& to) -> double& { return to.service.retry_after_s; }),
  };
}

Error unknown_option(std::string_view name, const std::vector<Option>& known) {
  const auto names = std::views::transform(known, &Option::name);
  return refuse(std::string(name) + ": unknown option; did you mean " +
                std::string(nearest_name(name, names, SIZE_MAX - 1)) + "?");
}

Result<void> check_together(const Options& options) {
  if (!options.answers.empty() && !options.dataset.empty()) {
    return refuse("--answers and --dataset exclude each other");
  }
  const MistakeRates& mistakes = options.mistakes;
  if (options.dataset.empty() && mistakes.wrong + mistakes.fenced + mistakes.broken > 0) {
    return refuse("--wrong, --fenced and --broken need --dataset");
  }
  if (mistakes.wrong + mistakes.broken > 1) {
    return refuse("--wrong and --broken add up to more than 1");
  }
  if (options.service.faults.sum() > 1) {
    return refuse("the fault rates add up to more than 1");
  }
  const bool looks_at_bodies = !options.answers.empty() || !options.dataset.empty() ||
                               !options.service.reject_contains.empty() ||
                               !options.service.models.empty() || options.service.refuse_n ||
                               options.service.choices_max > 0;
  if (options.service.fixed && looks_at_bodies) {
    return refuse(
        "--fixed does not go with --answers, --dataset, --models, --reject-contains, --choices-max "
        "or --refuse-n");
  }
  if (options.service.latency.sigma > 0 && options.service.latency.mean_ms <= 0) {
    return refuse("--sigma needs --latency-ms above 0");
  }
  return {};
}

}  // namespace

Result<Options> parse_options(std::span<const std::string> arguments) {
  const std::vector<Option> known = known_options();
  Options options;
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string_view argument = arguments[index];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto option = std::find_if(known.begin(), known.end(),
                                     [name](const Option& each) { return each.name == name; });
    if (option == known.end()) {
      return unknown_option(name, known);
    }
    const bool inside = equals != std::string_view::npos;
    if (!option->takes_value && inside) {
      return refuse(std::string(name) + ": takes no value");
    }
    if (option->takes_value && !inside && index + 1 == arguments.size()) {
      return refuse(std::string(name) + ": needs a value");
    }
    const std::string_view value = !option->takes_value ? std::string_view()
                                   : inside             ? argument.substr(equals + 1)
                                                        : std::string_view(arguments[++index]);
    if (const auto set = option->set(value, options); !set.ok()) {
      return set.error().within(std::string(name));
    }
  }
  if (!options.help && !options.version) {
    FD_TRY_VOID(check_together(options));
  }
  options.service.digest_bodies = !options.server.request_log.empty();
  return options;
}

std::string_view usage() {
  return R"(fd-simulator: an OpenAI-compatible stand-in for a teacher model.
Its answers come from a file, not from a model: whatever they show says nothing about one.

usage: fd-simulator [options]
  --listen HOST:PORT     where to listen (default 127.0.0.1:0: any free port); the address is
                         printed as "listening on http://HOST:PORT/v1"
  --port-file FILE       write the port there once requests are accepted
  --models A,B           names that are served (default: every name)

answers; a prompt that is not known gets SELECT 1
  --answers FILE         JSONL: {"contains"|"question": TEXT, "answer": TEXT}; the longest TEXT
                         inside the last user message decides
  --dataset FILE         JSONL rows with gold; the longest question inside the last user message
                         decides, and its gold is answered with seeded mistakes:
  --wrong P --broken P   share of answers with another result, and that do not run
  --fenced P             share of answers inside a fence and prose, some after a <think> block
  --question-field NAME  (default instruction)   --gold-field NAME  (default gold_sql)
  --schema-field NAME    (default schema)
  --seed N               decides mistakes and faults (default 0)
  --fixed                the same answer to everything, bodies unread: for load generators

time
  --latency-ms N         mean time to an answer (default 0)
  --sigma S              lognormal with this sigma instead of fixed (default 0: fixed)

faults, each a share of requests in [0, 1]; a request that comes again has new luck
  --fail-rate-429 P  --fail-rate-500 P  --close-rate P  --truncate-rate P  --hang-rate P
  --malformed-rate P
  --fail-first N         every distinct body fails with 503 the first N times
  --reject-contains TEXT 400 for requests with TEXT in a message, always
  --choices-max N        at most N choices come, however large n is (default 0: all)
  --refuse-n             400 for requests with n above 1, always
  --retry-after S        send Retry-After with 429 and 503

record
  --request-log FILE     a JSON line per completion request, on disk before its reply leaves

  --help  --version
exit codes: 0 ended by SIGTERM or SIGINT, 2 bad usage, 3 bad input file, 7 storage failed,
            10 cannot listen
)";
}

}  // namespace fd::simulator
