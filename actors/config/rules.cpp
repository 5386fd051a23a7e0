#include "actors/config/rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <re2/re2.h>

#include "actors/config/provider_rules.hpp"
#include "protocol/base/field_template.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

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

  void check_parameters() {
    const std::string fault = parameter_fault(config_.teacher.decode.extra);
    if (!fault.empty()) {
      report("teacher.decode.extra", fault);
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
  rules.check_parameters();
  rules.check_input();
  check_providers(bound, environment, problems, warnings);
}

}  // namespace fd
