#include "actors/config/rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <re2/re2.h>

#include "actors/config/foreign_template.hpp"
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
    const auto unclosed = [&](std::string_view key) {
      return [this, key] { report(key, "{{ without its }}"); };
    };
    check_prompt("teacher.prompt", config_.teacher.prompt);
    check_chat();
    const std::string_view database = "gates.exec.database";
    if (template_names(config_.gates.exec.database, unclosed(database)).contains("")) {
      report(database, "{{}} names no field");
    }
  }

  /// Finds prompts that would send every row the same, or places that stay as they are.
  void check_wording() {
    const std::vector<std::string> fields = template_fields();
    const auto templates = prompt_templates(config_.teacher);
    std::set<std::string> all_names;
    for (const auto& [path, text] : templates) {
      all_names.merge(template_names(text, [] {}));
    }
    bool foreign_found = false;
    for (const auto& [path, text] : templates) {
      const std::string foreign = foreign_template(text, fields, all_names);
      foreign_found = foreign_found || !foreign.empty();
      if (!foreign.empty()) {
        report(path, foreign);
      }
    }
    if (!templates.empty() && !foreign_found && all_names.empty() && !fields.empty() &&
        !contains(fields, "system_prompt")) {
      warnings_.push_back(templates.back().first +
                          " names no field of the rows, so every row asks the same; a " +
                          "place for a field is written {{" + printable_line(fields.back()) + "}}");
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
  /// Returns the templates of the user's turn or of the chat, each with its key.
  static std::vector<std::pair<std::string, std::string_view>> prompt_templates(
      const TeacherConfig& teacher) {
    std::vector<std::pair<std::string, std::string_view>> out;
    if (!teacher.prompt.empty()) {
      out.emplace_back("teacher.prompt", teacher.prompt);
    }
    for (std::size_t i = 0; i < teacher.messages.size(); ++i) {
      out.emplace_back(item("teacher.messages", i) + ".content", teacher.messages[i].content);
    }
    return out;
  }

  /// Checks what a sample's chat is made of.
  void check_chat() {
    const TeacherConfig& teacher = config_.teacher;
    const std::string& field = teacher.messages_field;
    const int given = (teacher.prompt.empty() ? 0 : 1) + (teacher.messages.empty() ? 0 : 1) +
                      (field.empty() ? 0 : 1);
    if (given == 0) {
      report("teacher.prompt",
             bound_.places.contains("teacher.prompt") ? "is empty" : "is missing");
    } else if (given > 1) {
      report(
          teacher.messages.empty() ? "teacher.messages_field" : "teacher.messages",
          "only one of teacher.prompt, teacher.messages and teacher.messages_field may be given");
    }
    if (!field.empty() && !contains(config_.contract.fields, field) &&
        !bound_.is_refused("contract.fields")) {
      report("teacher.messages_field",
             "'" + printable_line(field) + "' is not one of contract.fields; add it there");
    }
    if (!teacher.messages.empty() && !teacher.system_prompt.empty()) {
      report("teacher.system_prompt",
             "teacher.messages is in its place; give the system turn there");
    }
    for (std::size_t i = 0; i < teacher.messages.size(); ++i) {
      const std::string path = item("teacher.messages", i);
      check_role(path, teacher.messages[i].role, {"system", "user", "assistant"});
      check_prompt(path + ".content", teacher.messages[i].content);
    }
    const std::string last = teacher.messages.empty() ? "" : teacher.messages.back().role;
    if (last == "system" || last == "assistant") {
      report("teacher.messages", "the last turn must be the user's");
    }
    check_examples();
  }

  void check_examples() {
    const std::vector<ChatMessage>& turns = config_.teacher.examples;
    for (std::size_t i = 0; i < turns.size(); ++i) {
      check_role(item("teacher.examples", i), turns[i].role, {i % 2 == 0 ? "user" : "assistant"});
    }
    if (turns.size() % 2 != 0) {
      report("teacher.examples", "the last turn must be the assistant's");
    }
  }

  void check_role(const std::string& path, const std::string& role,
                  const std::vector<std::string>& roles) {
    if (!contains(roles, role)) {
      std::string names;
      for (const std::string& one : roles) {
        names += (names.empty() ? "" : ", ") + one;
      }
      report(path, "is of the role '" + printable_line(role) + "', must be " +
                       (roles.size() > 1 ? "one of: " : "") + names);
    }
  }

  /// Checks a template of the prompt.
  void check_prompt(const std::string& path, std::string_view text) {
    const std::set<std::string> names =
        template_names(text, [&] { report(path, "{{ without its }}"); });
    if (bound_.is_refused("contract") || bound_.is_refused("contract.fields")) {
      return;
    }
    for (const std::string& name : names) {
      if (name.empty()) {
        report(path, "{{}} names no field");
      } else if (!contains(template_fields(), name)) {
        report(path, "{{" + printable_line(name) +
                         "}} is in neither contract.fields nor contract.id_fields; add it to "
                         "contract.fields");
      }
    }
  }

  /// Returns the fields that a template of the prompt may name.
  [[nodiscard]] std::vector<std::string> template_fields() const {
    std::vector<std::string> fields = config_.contract.fields;
    fields.insert(fields.end(), config_.contract.id_fields.begin(),
                  config_.contract.id_fields.end());
    return fields;
  }

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

void check_new_config(const BoundConfig& bound, ConfigProblems& problems,
                      std::vector<std::string>& warnings) {
  Rules(bound, problems, warnings).check_wording();
}

}  // namespace fd
