#include "actors/config/rules.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <re2/re2.h>

#include "actors/config/endpoint_url.hpp"
#include "actors/config/foreign_template.hpp"
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

void check_new_config(const BoundConfig& bound, ConfigProblems& problems,
                      std::vector<std::string>& warnings) {
  Rules(bound, problems, warnings).check_wording();
}

}  // namespace fd
