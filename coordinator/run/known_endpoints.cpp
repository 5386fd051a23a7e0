#include "coordinator/run/known_endpoints.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "actors/config/problems.hpp"
#include "actors/storage/files.hpp"
#include "protocol/base/digest.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::uint64_t kMaxFileBytes = 16u << 20;
constexpr std::string_view kFromEnvironment = "environment";

std::string named(const SettingSource& source) {
  const bool variable = source.from == SettingSource::From::environment;
  return (variable ? "the variable " : "the file ") + source.value;
}

/// Returns where the provider's secrets come from; none: it has none.
std::vector<std::string> secrets_of(const ProviderConfig& provider) {
  std::vector<std::string> secrets;
  if (!provider.api_key_env.empty()) {
    secrets.push_back(named({SettingSource::From::environment, provider.api_key_env}));
  } else if (!provider.api_key_file.empty()) {
    secrets.push_back(named({SettingSource::From::file, provider.api_key_file}));
  }
  for (const Settings* settings : {&provider.headers, &provider.query}) {
    for (const auto& [name, source] : *settings) {
      if (source.from != SettingSource::From::text) {
        secrets.push_back(named(source));
      }
    }
  }
  return secrets;
}

std::string_view without_slashes(std::string_view url) {
  return url.substr(0, url.find_last_not_of('/') + 1);
}

/// Returns the proxy that the config names; empty: none, or this user's own.
std::string proxy_of(const ProviderConfig& provider) {
  return provider.proxy != kFromEnvironment ? provider.proxy : "";
}

/// Returns what decides who reads a secret on its way.
std::vector<std::string> place_of(const ProviderConfig& provider) {
  std::vector<std::string> place = {provider.base_url};
  if (const std::string proxy = proxy_of(provider); !proxy.empty()) {
    place.push_back(proxy);
  }
  if (!provider.ca_pem.empty()) {
    place.push_back(provider.ca_pem);
  }
  return place;
}

std::string line_of(const std::string& secret, const ProviderConfig& provider) {
  json::Object line;
  line["secret"] = secret;
  line["base_url"] = provider.base_url;
  if (const std::string proxy = proxy_of(provider); !proxy.empty()) {
    line["proxy"] = proxy;
  }
  if (!provider.ca_pem.empty()) {
    line["ca_sha256"] = sha256(provider.ca_pem).hex();
  }
  return json::canonical(json::Value(std::move(line)));
}

/// Returns the lines of the file; none when there is no file.
Result<std::set<std::string>> read_lines(const std::string& file) {
  std::set<std::string> lines;
  if (file.empty()) {
    return lines;
  }
  const auto text = read_file(file, kMaxFileBytes);
  if (!text.ok()) {
    if (text.error().code == Errc::not_found) {
      return lines;
    }
    return text.error();
  }
  std::size_t from = 0;
  for (std::size_t end = 0; (end = text->find('\n', from)) != std::string::npos; from = end + 1) {
    lines.insert(text->substr(from, end - from));
  }
  return lines;
}

}  // namespace

std::string known_endpoints_file(const EnvironmentLookup& environment) {
  std::string state = environment("XDG_STATE_HOME").value_or("");
  if (!state.starts_with('/')) {
    const std::string home = environment("HOME").value_or("");
    if (home.empty()) {
      return "";
    }
    state = home + "/.local/state";
  }
  return state + "/fastdistill/known_endpoints";
}

Result<void> note_endpoints(const std::string& file, const GatewayConfig& gateway) {
  FD_TRY(std::set<std::string> lines, read_lines(file));
  const std::size_t before = lines.size();
  for (const ProviderConfig& provider : gateway.providers) {
    for (const std::string& secret : secrets_of(provider)) {
      lines.insert(line_of(secret, provider));
    }
  }
  if (file.empty() || lines.size() == before) {
    return {};
  }
  FD_TRY_VOID(make_directories(file.substr(0, file.rfind('/'))));
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  FD_TRY_VOID(write_file(file, text));
  return {};
}

std::vector<std::string> said_places(const std::vector<std::string>& sets,
                                     const EnvironmentLookup& environment) {
  std::vector<std::string> said;
  for (const std::string& set : sets) {
    said.push_back(set.substr(set.find('=') + 1));
  }
  said.push_back(environment("FASTDISTILL_BASE_URL").value_or(""));
  return said;
}

Result<void> check_endpoints(const std::string& file, const GatewayConfig& gateway,
                             std::span<const std::string> said) {
  FD_TRY(const std::set<std::string> lines, read_lines(file));
  for (const ProviderConfig& provider : gateway.providers) {
    const std::vector<std::string> place = place_of(provider);
    const bool is_said = std::ranges::all_of(place, [&](const std::string& part) {
      return std::ranges::any_of(said, [&](const std::string& text) {
        return without_slashes(text) == without_slashes(part);
      });
    });
    for (const std::string& secret : secrets_of(provider)) {
      if (!is_said && !lines.contains(line_of(secret, provider))) {
        const std::string through = place.size() > 1 ? " (by its own proxy or certificates)" : "";
        return Error{Errc::refused,
                     "provider " + provider.name + " would send " + secret + " to " +
                         printable_line(provider.base_url) + through +
                         ", which only this run's folder names, and no command of yours sent it "
                         "there before"};
      }
    }
  }
  return {};
}

}  // namespace fd
