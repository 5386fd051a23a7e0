#include "actors/config/presets.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace fd {
namespace {

/// What a preset says; empty: nothing.
struct Preset {
  std::string_view name;
  std::string_view base_url;
  std::string_view api_key_env;
  std::string_view auth;
  std::string_view max_tokens_key;
  std::string_view seed_key;
  std::string_view candidates = "";  ///< the key `n`
};

/// Sources: the vendors' documentation of their OpenAI-compatible interfaces (docs/providers.md).
constexpr auto kPresets = std::to_array<Preset>({
    {"anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "bearer", "", "", "one"},
    {"azure", "", "AZURE_OPENAI_API_KEY", "api-key", "", ""},
    {"deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "bearer", "max_tokens", "",
     "one"},
    {"gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
     "bearer", "", ""},
    {"llama.cpp", "http://127.0.0.1:8080/v1", "", "", "max_tokens", "", "one"},
    {"lmstudio", "http://127.0.0.1:1234/v1", "", "", "max_tokens", "", "one"},
    {"mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", "bearer", "max_tokens",
     "random_seed"},
    {"ollama", "http://127.0.0.1:11434/v1", "", "", "max_tokens", "", "one"},
    {"openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "bearer", "max_completion_tokens",
     ""},
    {"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "bearer", "max_tokens", "",
     "one"},
    {"sglang", "http://127.0.0.1:30000/v1", "", "", "max_tokens", ""},
    {"tgi", "http://127.0.0.1:8080/v1", "", "", "max_tokens", "", "one"},
    {"vllm", "http://127.0.0.1:8000/v1", "", "", "max_tokens", ""},
});

/// Adds a member, unless it is there or has nothing to say.
void add(YamlNode& section, std::string_view key, std::string_view value, const YamlPlace& place) {
  if (value.empty() || section.find(key) != nullptr) {
    return;
  }
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.quoted = true;
  node.text = value;
  node.place = place;
  section.members.push_back({std::string(key), place, std::move(node)});
}

void expand(YamlNode& provider) {
  const YamlNode* name = provider.find("preset");
  if (name == nullptr || name->kind != YamlNode::Kind::scalar) {
    return;
  }
  const auto preset = std::ranges::find(kPresets, name->text, &Preset::name);
  if (preset == kPresets.end()) {
    return;
  }
  const YamlPlace place = name->place;
  add(provider, "name", preset->name, place);
  add(provider, "base_url", preset->base_url, place);
  add(provider, "auth", preset->auth, place);
  add(provider, "max_tokens_key", preset->max_tokens_key, place);
  add(provider, "seed_key", preset->seed_key, place);
  add(provider, "n", preset->candidates, place);
  const YamlNode* auth = provider.find("auth");
  if (provider.find("api_key_file") == nullptr && (auth == nullptr || auth->text != "none")) {
    add(provider, "api_key_env", preset->api_key_env, place);
  }
}

}  // namespace

std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names;
  for (const Preset& preset : kPresets) {
    names.push_back(preset.name);
  }
  return names;
}

void expand_presets(YamlNode& root) {
  YamlNode* gateway = root.find("gateway");
  YamlNode* providers = gateway == nullptr ? nullptr : gateway->find("providers");
  if (providers == nullptr) {
    return;
  }
  for (YamlNode& provider : providers->items) {
    expand(provider);
  }
}

}  // namespace fd
