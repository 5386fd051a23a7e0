#include "tests/sim/run_spec.hpp"

#include "actors/config/loader.hpp"
#include "tests/sim/teacher.hpp"

namespace fd::sim {
namespace {

Spec make_spec(double request_timeout_s) {
  Spec spec;
  ProviderConfig provider;
  provider.name = "p";
  provider.base_url = "http://127.0.0.1:1/v1";
  spec.config.gateway.providers = {provider, provider};
  spec.config.gateway.providers[1].name = "q";
  spec.config.gateway.retry.max_attempts = kMaxAttempts;
  spec.config.gateway.retry.base_ms = 200;
  spec.config.gateway.request_timeout_s = request_timeout_s;
  spec.config.task = "text2sql";
  spec.config.teacher.model = "m";
  spec.config.teacher.prompt = "{{question}}";
  spec.config.contract.fields = {"question"};
  spec.json = json::canonical(effective_config(spec.config));
  spec.digest = sha256(spec.json);
  return spec;
}

}  // namespace

const Spec& run_spec(bool changed) {
  static const Spec first = make_spec(120);
  static const Spec second = make_spec(90);
  return changed ? second : first;
}

}  // namespace fd::sim
