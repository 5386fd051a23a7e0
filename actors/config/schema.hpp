#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/json/json.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Where the value of a key lives. std::monostate: nowhere, a list that must be empty.
using KeySlot =
    std::variant<std::monostate, bool*, std::uint32_t*, std::uint64_t*,
                 std::optional<std::int64_t>*, std::optional<std::uint32_t>*, double*,
                 std::optional<double>*, std::string*, std::vector<std::string>*,
                 std::optional<std::vector<std::string>>*, json::Object*, ModelNames*, Settings*,
                 ExecKind*, MatchMode*, BadGold*, AuthStyle*, MaxTokensKey*, SeedKey*, Scope*,
                 CandidatesPerRequest*, std::vector<ProviderConfig>*, std::vector<ChatMessage>*>;

/// The largest whole number that JSON carries exactly.
inline constexpr double kMaxExact = 9007199254740991.0;
/// The most bytes of a section of parameters, as JSON.
inline constexpr double kMaxParametersBytes = 65536;

/// The text of a list that the program finds by itself.
inline constexpr std::string_view kAutomatic = "auto";

/// Inclusive bounds: of a number its value, of text its bytes, of a list its items, of a section of
/// parameters its bytes as JSON.
struct KeyLimits {
  double min = 0;
  double max = std::numeric_limits<double>::max();
};

/// Whether a key decides output bytes (then it is in the config digest), or only pace and cost.
enum class Effect { semantic, pace };

/// All that is known about one key: parsing, messages, digest and reference come from here.
struct Key {
  std::string path;  ///< "teacher.decode.temperature"; in an item of a list relative to the item
  KeySlot slot{};
  Effect effect = Effect::pace;
  /// Came after the first version: while it has its default, which then never changes, it is left
  /// out of what decides output, so that runs from before it keep their digest and name.
  bool added = false;
  KeyLimits limits{};
  KeyLimits item_limits{};                 ///< of the texts in a list
  std::vector<std::string_view> names{};   ///< of an enum, in the order of its values, or of a text
  std::vector<std::string_view> future{};  ///< names of an enum that this version refuses
  bool only_default = false;               ///< this version refuses every other value
  bool null_is_default = false;            ///< null stands for the default
  std::string_view unit{};
  std::string_view meaning{};  ///< one sentence

  /// Returns whether the key must be given: text or a list that may not be empty and is by default.
  [[nodiscard]] bool required() const;
};

/// Returns the table of all keys, bound to `config`. Lifetime: as long as `config`.
std::vector<Key> config_keys(RunConfig& config);
/// Returns the keys of one item of gateway.providers, bound to `provider`.
std::vector<Key> provider_keys(ProviderConfig& provider);

/// Returns the keys of one turn of a chat, bound to `message`.
std::vector<Key> message_keys(ChatMessage& message);

/// Appends the part of the table below `gates`.
void add_gate_keys(std::vector<Key>& keys, GatesConfig& gates);
/// Appends nothing. The programs in `grown-bin` and `config_growth_test` are linked with another
/// definition, which adds a key as a later version does (tests/grown).
void add_later_keys(std::vector<Key>& keys, RunConfig& config);

/// Returns the value that `key` is bound to.
json::Value key_value(const Key& key);
/// Returns the bounds as messages show them: "[0, 2]".
std::string limits_text(const KeyLimits& limits);

}  // namespace fd
