#include "actors/gateway/http/endpoint_secrets.hpp"

#include <utility>

#include "actors/gateway/http/proxy_choice.hpp"
#include "actors/storage/secret_file.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

/// Appends text of a query with everything escaped but what RFC 3986 leaves unreserved.
void append_escaped(std::string_view text, std::string& out) {
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (is_ascii_alphanumeric(letter) ||
        std::string_view("-._~").find(letter) != std::string::npos) {
      out += letter;
    } else {
      out += '%';
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    }
  }
}

/// Looks up what one provider names.
class Lookup {
 public:
  Lookup(const ProviderConfig& provider, const Environment& environment)
      : provider_(provider), environment_(environment) {}

  Result<std::string> variable(const std::string& name, const std::string& what) const {
    std::string value = environment_(name).value_or("");
    strip_line_breaks(value);
    if (value.empty()) {
      return Error{Errc::invalid_input, "the environment variable " + name + " (" + what +
                                            " of provider " + provider_.name + ") is not set here"};
    }
    return value;
  }

  Result<std::string> file(const std::string& path, const std::string& what) const {
    Result<std::string> value =
        read_secret_file(path, environment_("CREDENTIALS_DIRECTORY").value_or(""));
    if (!value.ok()) {
      return value.error().within(what + " of provider " + provider_.name);
    }
    return value;
  }

  Result<std::string> key() const {
    if (!provider_.api_key_env.empty()) {
      return variable(provider_.api_key_env, "key");
    }
    return provider_.api_key_file.empty() ? std::string() : file(provider_.api_key_file, "key");
  }

  /// Returns the value of a header or of a part of the query, which is noted if it is a secret.
  Result<std::string> setting(const std::string& name, const SettingSource& source,
                              std::vector<std::string>& secrets) const {
    if (source.from == SettingSource::From::text) {
      return source.value;
    }
    FD_TRY(std::string value, source.from == SettingSource::From::environment
                                  ? variable(source.value, name)
                                  : file(source.value, name));
    secrets.push_back(value);
    return value;
  }

 private:
  const ProviderConfig& provider_;
  const Environment& environment_;
};

Result<Endpoint> endpoint_of(const ProviderConfig& provider, const Environment& environment) {
  const Lookup lookup(provider, environment);
  Endpoint endpoint;
  endpoint.config = provider;
  FD_TRY(endpoint.api_key, lookup.key());
  for (const auto& [name, source] : provider.headers) {
    FD_TRY(const std::string value, lookup.setting(name, source, endpoint.secrets));
    // libcurl sends a header without a value only when a semicolon stands in place of the colon.
    endpoint.headers.push_back(value.empty() ? name + ";" : name + ": " + value);
  }
  for (const auto& [name, source] : provider.query) {
    FD_TRY(const std::string value, lookup.setting(name, source, endpoint.secrets));
    endpoint.query += endpoint.query.empty() ? "" : "&";
    append_escaped(name, endpoint.query);
    endpoint.query += '=';
    std::string escaped_value;
    append_escaped(value, escaped_value);
    endpoint.query += escaped_value;
    if (source.from != SettingSource::From::text && escaped_value != value) {
      endpoint.secrets.push_back(std::move(escaped_value));  // an error may repeat the address
    }
  }
  endpoint.proxy = proxy_for(provider, environment);
  if (provider.proxy == "environment" && endpoint.proxy.find('@') != std::string::npos) {
    endpoint.secrets.push_back(endpoint.proxy);
  }
  const std::string bundle = environment("SSL_CERT_FILE").value_or("");
  endpoint.ca_file = bundle.empty() ? environment("CURL_CA_BUNDLE").value_or("") : bundle;
  endpoint.ca_folder = environment("SSL_CERT_DIR").value_or("");
  return endpoint;
}

}  // namespace

Result<std::vector<Endpoint>> endpoints_with_secrets(
    const RunConfig& config,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  std::vector<Endpoint> endpoints;
  for (const ProviderConfig& provider : config.gateway.providers) {
    FD_TRY(Endpoint endpoint, endpoint_of(provider, environment));
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

}  // namespace fd
