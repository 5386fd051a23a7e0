#include "actors/config/provider_rules.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "actors/config/endpoint_url.hpp"
#include "actors/config/header_names.hpp"
#include "actors/config/text.hpp"
#include "actors/storage/secret_file.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns whether `text` is what a shell takes as the name of a variable.
bool is_variable_name(std::string_view text) {
  return !text.empty() && !is_ascii_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_ascii_alphanumeric(c) || c == '_'; });
}

/// Returns whether all of a key can stand in a header: visible ASCII.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Checks one provider.
class ProviderRules {
 public:
  ProviderRules(std::size_t index, const BoundConfig& bound, const EnvironmentLookup& environment,
                ConfigProblems& problems, std::vector<std::string>& warnings)
      : path_("gateway.providers." + std::to_string(index) + "."),
        provider_(bound.config.gateway.providers[index]),
        bound_(bound),
        environment_(environment),
        problems_(problems),
        warnings_(warnings) {}

  void check_name(std::set<std::string>& names) {
    if (!std::all_of(provider_.name.begin(), provider_.name.end(), is_name_character)) {
      report("name", "'" + printable_line(provider_.name) +
                         "' may hold only letters, digits, '.', '_' and '-'");
    } else if (!provider_.name.empty() && !names.insert(provider_.name).second) {
      report("name", "'" + provider_.name + "' is the name of an earlier provider");
    }
  }

  void check_price() {
    const PriceConfig& price = provider_.price_per_mtok;
    if (bound_.config.gateway.budget.usd > 0 && price.input.value_or(0) <= 0 &&
        price.output.value_or(0) <= 0) {
      report("price_per_mtok", std::string(price.known() ? "is 0" : "is not known") +
                                   ", and the cap gateway.budget.usd needs prices");
    }
  }

  void check_url() {
    if (provider_.base_url.empty() || bound_.is_refused(path_ + "base_url")) {
      return;
    }
    const Result<EndpointUrl> url = parse_endpoint_url(provider_.base_url);
    if (!url.ok()) {
      report("base_url", url.error().message);
      return;
    }
    if (!url->https && !url->loopback && has_secrets() && !provider_.allow_http) {
      report("base_url",
             "would send the API key in plain text to another machine; use https:// or set "
             "allow_http: true");
    }
    check_proxy(*url);
  }

  void check_auth() {
    const bool env = !provider_.api_key_env.empty();
    const bool file = !provider_.api_key_file.empty();
    if (env && file) {
      report("api_key_file", "api_key_env names the key already");
    } else if ((env || file) && provider_.auth == AuthStyle::none) {
      report("auth", "is none, and an API key is named");
    }
    if (env && !bound_.is_refused(path_ + "api_key_env")) {
      if (!is_variable_name(provider_.api_key_env)) {
        // What is not a name may well be the key itself.
        report_secret("api_key_env",
                      "is not the name of an environment variable (letters, digits and '_'); the "
                      "key itself must not be in the config");
      } else {
        check_variable("api_key_env", provider_.api_key_env, true);
      }
    }
    if (file) {
      check_file("api_key_file", provider_.api_key_file, true);
    }
  }

  void check_headers() {
    std::set<std::string> seen;
    for (const auto& [name, source] : provider_.headers) {
      const std::string key = "headers." + printable_line(name);
      const std::string fault = header_name_fault(name);
      if (!fault.empty()) {
        report(key, fault);
      } else if (!seen.insert(lowered(name)).second) {
        report(key, "is given twice");
      } else if (is_key_header(name) && sends_key()) {
        report(key, "the API key is sent in this header; set auth: none to send your own");
      } else {
        check_setting(key, name, source);
      }
    }
  }

  void check_query() {
    for (const auto& [name, source] : provider_.query) {
      const std::string key = "query." + printable_line(name);
      if (name.empty() || !is_visible(name)) {
        report(key, "is no name of a parameter (visible ASCII)");
      } else {
        check_setting(key, name, source);
      }
    }
  }

  void check_body() {
    const std::string fault = parameter_fault(provider_.extra_body);
    if (!fault.empty()) {
      report("extra_body", fault);
    }
  }

 private:
  void report(std::string_view key, const std::string& what) {
    const std::string path = path_ + std::string(key);
    if (!bound_.is_refused(path)) {
      problems_.add(bound_.place(path), path, what);
    }
  }

  void report_secret(std::string_view key, const std::string& what) {
    const std::string path = path_ + std::string(key);
    problems_.add_secret(bound_.place(path), path, what);
  }

  [[nodiscard]] bool sends_key() const {
    return !provider_.api_key_env.empty() || !provider_.api_key_file.empty();
  }

  [[nodiscard]] bool has_secrets() const {
    const auto secret = [](const auto& setting) {
      return setting.second.from != SettingSource::From::text;
    };
    return sends_key() || std::ranges::any_of(provider_.headers, secret) ||
           std::ranges::any_of(provider_.query, secret);
  }

  void check_proxy(const EndpointUrl& url) {
    const std::string& proxy = provider_.proxy;
    if (!proxy.empty() && proxy != "environment") {
      const std::string fault = proxy_fault(proxy);
      if (!fault.empty()) {
        report_secret("proxy", fault);
      }
    }
    const std::array names = url.https ? std::array{"HTTPS_PROXY", "https_proxy"}
                                       : std::array{"HTTP_PROXY", "http_proxy"};
    for (const char* name : names) {
      if (proxy.empty() && !url.loopback && environment_ && environment_(name).has_value()) {
        warnings_.push_back(std::string(name) + " is set, and provider " + provider_.name +
                            " does not use it; to use it, set proxy: environment");
        return;
      }
    }
  }

  void check_setting(const std::string& key, const std::string& name, const SettingSource& source) {
    switch (source.from) {
      case SettingSource::From::text:
        if (names_secret(name) || looks_secret(source.value)) {
          report_secret(key,
                        "a secret must not be in the config; write {env: NAME} or {file: PATH}");
        } else if (has_control_character(source.value)) {
          report(key, "holds control characters");
        }
        return;
      case SettingSource::From::environment:
        if (!is_variable_name(source.value)) {
          report_secret(key,
                        "is not the name of an environment variable (letters, digits and '_')");
        } else {
          check_variable(key, source.value, false);
        }
        return;
      case SettingSource::From::file:
        check_file(key, source.value, false);
        return;
    }
  }

  /// Checks the value of a variable, where there is an environment.
  void check_variable(std::string_view key, const std::string& name, bool is_key) {
    if (!environment_) {
      return;
    }
    std::optional<std::string> value = environment_(name);
    if (!value) {
      report(key, "environment variable " + name + " is not set");
      return;
    }
    const bool line_break = strip_line_breaks(*value);
    const std::string fault = secret_fault(*value, is_key);
    if (!fault.empty()) {
      report(key, "environment variable " + name + " " + fault);
    } else if (line_break) {
      warnings_.push_back("environment variable " + name +
                          " ends with a line break, which is left out");
    }
  }

  /// Checks a file with a secret, where there is an environment: elsewhere nothing is sent.
  void check_file(std::string_view key, const std::string& path, bool is_key) {
    if (!environment_) {
      return;
    }
    const Result<std::string> secret =
        read_secret_file(path, environment_("CREDENTIALS_DIRECTORY").value_or(""));
    const std::string fault = secret.ok() ? secret_fault(*secret, is_key) : "";
    if (!secret.ok()) {
      report(key, secret.error().message);
    } else if (!fault.empty()) {
      report(key, path + ": " + fault);
    }
  }

  /// Returns what is wrong with a secret. A key is one word of visible ASCII.
  static std::string secret_fault(const std::string& value, bool is_key) {
    if (value.empty()) {
      return "is empty";
    }
    if (value.size() > kMaxSecretBytes) {
      return "is longer than " + std::to_string(kMaxSecretBytes) + " bytes";
    }
    if (is_key && !is_visible(value)) {
      return "holds white space, control or non-ASCII characters";
    }
    return has_control_character(value) ? "holds control characters" : "";
  }

  std::string path_;
  const ProviderConfig& provider_;
  const BoundConfig& bound_;
  const EnvironmentLookup& environment_;
  ConfigProblems& problems_;
  std::vector<std::string>& warnings_;
};

}  // namespace

void check_providers(const BoundConfig& bound, const EnvironmentLookup& environment,
                     ConfigProblems& problems, std::vector<std::string>& warnings) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < bound.config.gateway.providers.size(); ++i) {
    ProviderRules rules(i, bound, environment, problems, warnings);
    rules.check_name(names);
    rules.check_url();
    rules.check_price();
    rules.check_auth();
    rules.check_headers();
    rules.check_query();
    rules.check_body();
  }
}

std::string parameter_fault(const json::Object& parameters) {
  static constexpr auto kOwn = std::to_array<std::string_view>(
      {"max_completion_tokens", "max_tokens", "messages", "model", "n", "random_seed",
       "reasoning_effort", "response_format", "seed", "stop", "stream", "temperature", "top_p"});
  for (const auto& [name, value] : parameters) {
    if (std::ranges::find(kOwn, name) != kOwn.end()) {
      return "'" + name +
             "' is not for here: a request's own members have keys of their own, and "
             "streams are not asked for";
    }
  }
  return "";
}

}  // namespace fd
