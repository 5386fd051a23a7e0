#include "actors/config/rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <re2/re2.h>

#include "actors/config/endpoint_url.hpp"
#include "protocol/base/field_template.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

constexpr std::size_t kMaxSecretBytes = 8192;

/// Returns whether `text` is what a shell takes as the name of a variable. Requires: not empty.
bool is_variable_name(std::string_view text) {
  return !is_ascii_digit(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_ascii_alphanumeric(c) || c == '_';
  });
}

/// Returns the names in a template; calls `unclosed` for a place without an end.
template <class Unclosed>
std::set<std::string> template_names(std::string_view text, const Unclosed& unclosed) {
  std::set<std::string> names;
  while (!text.empty()) {
    const TemplatePiece piece = take_piece(text);
    if (piece.place == TemplatePiece::Place::unclosed) {
      unclosed();
    } else if (piece.place == TemplatePiece::Place::field) {
      names.emplace(piece.field);
    }
  }
  return names;
}

/// Checks the config rule by rule.
class Rules {
 public:
  Rules(const BoundConfig& bound, ConfigProblems& problems, std::vector<std::string>& warnings)
      : bound_(bound), config_(bound.config), problems_(problems), warnings_(warnings) {}

  void check_task() {
    const std::string& task = config_.task;
    if (!task.empty() && !is_plain_name(task)) {
      report("task", "'" + printable_line(task) +
                         "' may hold only letters, digits, '.', '_' and '-', and begin with a "
                         "letter or digit");
    }
  }

  void check_contract() {
    const ContractConfig& contract = config_.contract;
    check_unique("contract.fields", contract.fields);
    check_unique("contract.id_fields", contract.id_fields);
    for (std::size_t i = 0; i < contract.id_fields.size(); ++i) {
      if (contains(contract.fields, contract.id_fields[i])) {
        report(item("contract.id_fields", i),
               "'" + printable_line(contract.id_fields[i]) + "' is one of contract.fields already");
      }
    }
    const std::string& gold = config_.gates.exec.gold;
    if (config_.gates.exec.kind != ExecKind::none && contains(contract.fields, gold)) {
      warnings_.push_back("contract.fields holds '" + printable_line(gold) +
                          "', which gates.exec.gold names: the teacher may see the gold");
    }
  }

  void check_templates() {
    const std::string_view path = "teacher.prompt";
    const auto unclosed = [&](std::string_view key) {
      return [this, key] { report(key, "{{ without its }}"); };
    };
    for (const std::string& name : template_names(config_.teacher.prompt, unclosed(path))) {
      if (name.empty()) {
        report(path, "{{}} names no field");
      } else if (!bound_.is_refused("contract") && !bound_.is_refused("contract.fields") &&
                 !contains(config_.contract.fields, name) &&
                 !contains(config_.contract.id_fields, name)) {
        report(path, "{{" + printable_line(name) +
                         "}} is in neither contract.fields nor contract.id_fields; add it to "
                         "contract.fields");
      }
    }
    const std::string_view database = "gates.exec.database";
    if (template_names(config_.gates.exec.database, unclosed(database)).contains("")) {
      report(database, "{{}} names no field");
    }
  }

  void check_rules() {
    const RulesConfig& rules = config_.gates.rules;
    if (rules.min_chars > rules.max_chars) {
      report("gates.rules.min_chars", std::to_string(rules.min_chars) +
                                          " is larger than gates.rules.max_chars (" +
                                          std::to_string(rules.max_chars) + ")");
    }
    check_patterns("gates.rules.banned_patterns", rules.banned_patterns);
    check_patterns("gates.rules.required_patterns", rules.required_patterns);
  }

  void check_timing() {
    const RetryConfig& retry = config_.gateway.retry;
    if (retry.base_ms > retry.max_ms) {
      report("gateway.retry.base_ms", std::to_string(retry.base_ms) +
                                          " is larger than gateway.retry.max_ms (" +
                                          std::to_string(retry.max_ms) + ")");
    }
    const LeaseSettings& lease = config_.lease;
    if (lease.heartbeat_ms > lease.ttl_ms / 3) {
      report("lease.heartbeat_ms", std::to_string(lease.heartbeat_ms) +
                                       " is too large, must be at most a third of lease.ttl_ms (" +
                                       std::to_string(lease.ttl_ms) + ")");
    }
  }

  void check_providers() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < config_.gateway.providers.size(); ++i) {
      const ProviderConfig& provider = config_.gateway.providers[i];
      const std::string path = item("gateway.providers", i);
      if (!std::all_of(provider.name.begin(), provider.name.end(), is_name_character)) {
        report(path + ".name", "'" + printable_line(provider.name) +
                                   "' may hold only letters, digits, '.', '_' and '-'");
      } else if (!provider.name.empty() && !names.insert(provider.name).second) {
        report(path + ".name", "'" + provider.name + "' is the name of an earlier provider");
      }
      check_url(path, provider);
      const PriceConfig& price = provider.price_per_mtok;
      if (config_.gateway.budget.usd > 0 && price.input.value_or(0) <= 0 &&
          price.output.value_or(0) <= 0) {
        report(path + ".price_per_mtok", std::string(price.known() ? "is 0" : "is not known") +
                                             ", and the cap gateway.budget.usd needs prices");
      }
    }
  }

  void check_keys(
      const std::function<std::optional<std::string>(const std::string&)>& environment) {
    for (std::size_t i = 0; i < config_.gateway.providers.size(); ++i) {
      const std::string& name = config_.gateway.providers[i].api_key_env;
      const std::string path = item("gateway.providers", i) + ".api_key_env";
      if (name.empty() || bound_.is_refused(path)) {
        continue;
      }
      if (!is_variable_name(name)) {
        // What is not a name may well be the key itself.
        problems_.add_secret(bound_.place(path), path,
                             "is not the name of an environment variable (letters, digits and "
                             "'_'); the key itself must not be in the config");
      } else if (environment) {
        check_secret(path, name, environment(name));
      }
    }
  }

  void check_input() {
    if (bound_.config.sharding.shards > 0 && bound_.places.contains("sharding.target_size") &&
        bound_.place("sharding.target_size").line > 0) {
      warnings_.push_back("sharding.target_size has no effect, because sharding.shards is set");
    }
  }

 private:
  static std::string item(std::string_view path, std::size_t index) {
    return std::string(path) + "." + std::to_string(index);
  }

  static bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  }

  void report(std::string_view path, const std::string& what) {
    if (!bound_.is_refused(path)) {
      problems_.add(bound_.place(path), path, what);
    }
  }

  void check_unique(std::string_view path, const std::vector<std::string>& list) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!seen.insert(list[i]).second) {
        report(item(path, i), "'" + printable_line(list[i]) + "' is listed twice");
      }
    }
  }

  void check_patterns(std::string_view path, const std::vector<std::string>& patterns) {
    RE2::Options options;
    options.set_log_errors(false);
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const RE2 compiled(patterns[i], options);
      if (!compiled.ok()) {
        report(item(path, i), "'" + printable_line(patterns[i]) +
                                  "' is no regular expression of RE2: " + compiled.error());
      }
    }
  }

  void check_url(const std::string& path, const ProviderConfig& provider) {
    const std::string url_path = path + ".base_url";
    if (provider.base_url.empty() || bound_.is_refused(url_path)) {
      return;
    }
    const Result<EndpointUrl> url = parse_endpoint_url(provider.base_url);
    if (!url.ok()) {
      report(url_path, url.error().message);
    } else if (!url->https && !url->loopback && !provider.api_key_env.empty() &&
               !provider.allow_http) {
      report(url_path,
             "would send the API key in plain text to another machine; use https:// or set "
             "allow_http: true");
    }
  }

  void check_secret(const std::string& path, const std::string& name,
                    std::optional<std::string> value) {
    if (!value.has_value()) {
      report(path, "environment variable " + name + " is not set");
      return;
    }
    bool line_break = false;
    while (value->ends_with('\n') || value->ends_with('\r')) {
      value->pop_back();
      line_break = true;
    }
    if (value->empty()) {
      report(path, "environment variable " + name + " is empty");
    } else if (value->size() > kMaxSecretBytes) {
      report(path, "environment variable " + name + " is longer than " +
                       std::to_string(kMaxSecretBytes) + " bytes");
    } else if (std::any_of(value->begin(), value->end(), [](char c) {
                 const auto byte = static_cast<unsigned char>(c);
                 return byte <= 0x20 || byte >= 0x7f;
               })) {
      report(path, "environment variable " + name +
                       " holds white space, control or non-ASCII characters");
    } else if (line_break) {
      warnings_.push_back("environment variable " + name +
                          " ends with a line break, which is left out");
    }
  }

  const BoundConfig& bound_;
  const RunConfig& config_;
  ConfigProblems& problems_;
  std::vector<std::string>& warnings_;
};

}  // namespace

void check_config(const BoundConfig& bound,
                  const std::function<std::optional<std::string>(const std::string&)>& environment,
                  ConfigProblems& problems, std::vector<std::string>& warnings) {
  Rules rules(bound, problems, warnings);
  rules.check_task();
  rules.check_contract();
  rules.check_templates();
  rules.check_rules();
  rules.check_timing();
  rules.check_providers();
  rules.check_keys(environment);
  rules.check_input();
}

}  // namespace fd
