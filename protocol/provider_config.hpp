#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/json/json.hpp"

namespace fd {

// One item of gateway.providers: where calls go and how that endpoint wants them. Nothing here
// decides output bytes. docs/configuration.md is the reference.

/// What a million tokens cost. Nothing given: not known. One given: the others are free.
struct PriceConfig {
  std::optional<double> input;           ///< prompt tokens
  std::optional<double> output;          ///< completion tokens
  std::optional<double> cached_input{};  ///< prompt tokens from a cache; nothing: as the others

  [[nodiscard]] bool known() const { return input || output || cached_input; }
};

/// Where a header's or a query's value comes from.
struct SettingSource {
  enum class From {
    text,         ///< `value` is it
    environment,  ///< the variable that `value` names, where calls are made
    file,         ///< the file that `value` names, where calls are made
  };
  From from = From::text;
  std::string value;
  friend bool operator==(const SettingSource&, const SettingSource&) = default;
};

/// Header or query values by their name.
using Settings = std::map<std::string, SettingSource>;

/// What an endpoint calls the models, by the role's name; under "" that of every role. Empty: as
/// the role's own config calls it.
using ModelNames = std::map<std::string, std::string>;

/// How the API key is sent: `Authorization: Bearer KEY`, `api-key: KEY`, or not at all.
enum class AuthStyle { bearer, api_key, none };
/// What the longest answer is called in a request. `automatic`: max_tokens, until the endpoint asks
/// for the other name.
enum class MaxTokensKey { automatic, max_tokens, max_completion_tokens };
/// What the seed is called in a request. `none`: the endpoint has none, and it is not sent.
enum class SeedKey { seed, random_seed, none };
/// Whose endpoint it is: one for all workers, or an engine on each worker's own machine.
enum class Scope { fleet, worker };

/// How many candidates a request asks for. `automatic`: all that are missing, until the endpoint
/// brings fewer or refuses.
enum class CandidatesPerRequest { automatic, one, many };

struct ProviderConfig {
  std::string preset;  ///< whose defaults these are; empty: nobody's
  std::string name;
  std::string base_url;
  ModelNames model;
  AuthStyle auth = AuthStyle::bearer;
  std::string api_key_env;
  std::string api_key_file;  ///< an absolute path, once the config is loaded
  Settings headers;
  Settings query;
  std::string ca_file;  ///< only in a config's file: once it is loaded, `ca_pem` has the text
  std::string ca_pem;   ///< certificates that the endpoint's is checked against
  std::string proxy;    ///< a URL, `environment`, or empty: none
  json::Object extra_body;
  MaxTokensKey max_tokens_key = MaxTokensKey::automatic;
  SeedKey seed_key = SeedKey::seed;
  CandidatesPerRequest candidates = CandidatesPerRequest::automatic;  ///< the key `n`
  std::vector<std::string> serves;  ///< no key of this version decides anything here
  Scope scope = Scope::fleet;
  std::uint32_t priority = 0;          ///< as `serves`
  std::uint32_t max_concurrency = 64;  ///< calls in flight over all workers, or at each own engine
  std::uint32_t rpm = 0;
  std::uint64_t tpm = 0;
  double weight = 1.0;
  bool allow_http = false;  ///< secrets over http:// outside loopback
  PriceConfig price_per_mtok;
};

}  // namespace fd
