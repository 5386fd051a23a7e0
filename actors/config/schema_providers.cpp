#include <utility>

#include "actors/config/presets.hpp"
#include "actors/config/schema.hpp"

namespace fd {
namespace {

using Keys = std::vector<Key>;

void add_address_keys(Keys& keys, ProviderConfig& provider) {
  keys.push_back({.path = "preset",
                  .slot = &provider.preset,
                  .limits = {0, 64},
                  .names = preset_names(),
                  .meaning = "Endpoint or program whose defaults the other keys have (see "
                             "[providers.md](providers.md)); empty: none."});
  keys.push_back({.path = "name",
                  .slot = &provider.name,
                  .limits = {1, 64},
                  .meaning = "Name in reports; letters, digits, `.`, `_` and `-`. With a preset: "
                             "its name, unless given."});
  keys.push_back({.path = "base_url",
                  .slot = &provider.base_url,
                  .limits = {1, 2048},
                  .meaning = "Address up to and with `/v1`; `http://` or `https://`. Most presets "
                             "have one."});
  keys.push_back({.path = "model",
                  .slot = &provider.model,
                  .limits = {0, 256},
                  .meaning = "What this endpoint calls the model: text, or a section by role "
                             "(`teacher`); empty: as the role names it. Decides no bytes."});
  keys.push_back({.path = "query",
                  .slot = &provider.query,
                  .limits = {0, 64},
                  .item_limits = {0, 4096},
                  .meaning = "Query of each request: names and values as in `headers`."});
  keys.push_back({.path = "ca_file",
                  .slot = &provider.ca_file,
                  .limits = {0, 4096},
                  .meaning = "File with certificates (PEM) that the endpoint's is checked against, "
                             "relative to the config file. Read when the run starts; its text "
                             "becomes `ca_pem`."});
  keys.push_back({.path = "ca_pem",
                  .slot = &provider.ca_pem,
                  .limits = {0, 1u << 20},
                  .meaning = "Such certificates as text."});
  keys.push_back({.path = "proxy",
                  .slot = &provider.proxy,
                  .limits = {0, 2048},
                  .meaning = "Proxy: a URL without credentials, or `environment` "
                             "(`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` where calls "
                             "are made); empty: none. Never used for loopback."});
}

void add_secret_keys(Keys& keys, ProviderConfig& provider) {
  keys.push_back({.path = "auth",
                  .slot = &provider.auth,
                  .names = {"bearer", "api-key", "none"},
                  .meaning = "How the API key is sent: `Authorization: Bearer KEY`, `api-key: "
                             "KEY`, or not at all."});
  keys.push_back({.path = "api_key_env",
                  .slot = &provider.api_key_env,
                  .limits = {0, 256},
                  .meaning = "Name of the environment variable that holds the API key; empty: no "
                             "key."});
  keys.push_back({.path = "api_key_file",
                  .slot = &provider.api_key_file,
                  .limits = {0, 4096},
                  .meaning = "File with the API key, relative to the config file: mode 0600, or in "
                             "a folder of credentials of systemd, Docker or Kubernetes."});
  keys.push_back({.path = "headers",
                  .slot = &provider.headers,
                  .limits = {0, 64},
                  .item_limits = {0, 4096},
                  .meaning = "More headers: text, or `{env: NAME}` or `{file: PATH}` for what must "
                             "not stand in a config."});
  keys.push_back({.path = "allow_http",
                  .slot = &provider.allow_http,
                  .meaning = "Send secrets over `http://` to another machine."});
}

void add_dialect_keys(Keys& keys, ProviderConfig& provider) {
  keys.push_back({.path = "extra_body",
                  .slot = &provider.extra_body,
                  .limits = {0, kMaxParametersBytes},
                  .meaning = "Merged into each request: hints of routing, not what changes answers "
                             "(that is `teacher.decode.extra`)."});
  keys.push_back({.path = "max_tokens_key",
                  .slot = &provider.max_tokens_key,
                  .names = {"auto", "max_tokens", "max_completion_tokens"},
                  .meaning = "What `decode.max_tokens` is called in a request; `auto`: "
                             "`max_tokens`, until the endpoint asks for the other name."});
  keys.push_back({.path = "seed_key",
                  .slot = &provider.seed_key,
                  .names = {"seed", "random_seed", "none"},
                  .meaning = "What `decode.seed` is called in a request; `none`: the endpoint has "
                             "no seed, and none is sent."});
  keys.push_back({.path = "n",
                  .slot = &provider.candidates,
                  .names = {"auto", "one", "many"},
                  .meaning = "Candidates that one request asks for: `one`, `many` (the endpoint "
                             "brings as many as it is asked for), or `auto`: many, until the "
                             "endpoint shows that it does not (see [contract.md](contract.md"
                             "#calls))."});
}

/// Keys that have a meaning in a later version only.
void add_coming_keys(Keys& keys, ProviderConfig& provider) {
  keys.push_back({.path = "serves",
                  .slot = &provider.serves,
                  .limits = {0, 3},
                  .item_limits = {1, 16},
                  .only_default = true,
                  .meaning = "Roles that the endpoint answers for; empty: those that name it."});
  keys.push_back({.path = "scope",
                  .slot = &provider.scope,
                  .names = {"fleet", "worker"},
                  .meaning =
                      "Whose endpoint it is: `fleet`: one that all workers share; `worker`: an "
                      "engine on each worker's own machine, with limits and health of its "
                      "own."});
  keys.push_back({.path = "priority",
                  .slot = &provider.priority,
                  .limits = {0, 1000},
                  .meaning = "Lower ones are asked first; a higher one only while none of the "
                             "lower may be asked, and for calls that those refused or failed "
                             "twice."});
}

void add_pace_keys(Keys& keys, ProviderConfig& provider) {
  keys.push_back({.path = "max_concurrency",
                  .slot = &provider.max_concurrency,
                  .limits = {1, 65536},
                  .unit = "calls",
                  .meaning = "Calls in flight over all workers; with `scope: worker` at each."});
  keys.push_back({.path = "rpm",
                  .slot = &provider.rpm,
                  .limits = {0, 10000000},
                  .only_default = true,
                  .unit = "requests a minute",
                  .meaning = "Rate limit; 0: none."});
  keys.push_back({.path = "tpm",
                  .slot = &provider.tpm,
                  .limits = {0, kMaxExact},
                  .only_default = true,
                  .unit = "tokens a minute",
                  .meaning = "Rate limit; 0: none."});
  keys.push_back({.path = "weight",
                  .slot = &provider.weight,
                  .limits = {0.001, 1000},
                  .meaning = "Share of the calls, relative to the other endpoints."});
  keys.push_back({.path = "price_per_mtok.input",
                  .slot = &provider.price_per_mtok.input,
                  .limits = {0, 1e6},
                  .unit = "US dollars",
                  .meaning = "Price of a million prompt tokens; 0: free. Without any price it is "
                             "not known what calls cost."});
  keys.push_back({.path = "price_per_mtok.cached_input",
                  .slot = &provider.price_per_mtok.cached_input,
                  .limits = {0, 1e6},
                  .unit = "US dollars",
                  .meaning = "Price of a million prompt tokens that the endpoint says it had in a "
                             "cache; without it they cost what the others do."});
  keys.push_back({.path = "price_per_mtok.output",
                  .slot = &provider.price_per_mtok.output,
                  .limits = {0, 1e6},
                  .unit = "US dollars",
                  .meaning = "Price of a million answer tokens; 0: free."});
}

}  // namespace

std::vector<Key> provider_keys(ProviderConfig& provider) {
  Keys keys;
  add_address_keys(keys, provider);
  add_secret_keys(keys, provider);
  add_dialect_keys(keys, provider);
  add_coming_keys(keys, provider);
  add_pace_keys(keys, provider);
  return keys;
}

}  // namespace fd
