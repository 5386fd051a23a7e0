#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fd {

/// What a sample passes on its way to an outcome. The numbers are on the wire and never reused;
/// they say nothing about the order, which is that of stage_table(). 100 to 127 are for stages of
/// one's own (protocol/own_stages.cpp).
enum class StageId : std::uint8_t {
  teacher = 0,
  clean = 1,
  rules = 2,
  exec = 3,
  score = 4,
  select = 5
};

/// Where a stage may run.
enum class StagePlace : std::uint8_t {
  caller,  ///< asks a model, so it belongs to whoever holds the lease
  peers,   ///< pure: another worker may run it for the holder of the lease
  holder,  ///< pure, and only the holder of the lease runs it
};

struct StageRow {
  StageId id;
  std::string_view name;
  StagePlace place;
  bool opens_databases = false;  ///< a worker that runs it needs the samples' databases
};

/// A stage of one's own: pure, and served by peers like those around it.
struct OwnStage {
  StageId id;             ///< 100 to 127
  std::string_view name;  ///< at most kMaxStageNameBytes of a-z, 0-9 and '_'
  StageId after;          ///< the stage that it follows; not select, which ends the chain
  bool opens_databases = false;
};

inline constexpr std::size_t kMaxStages = 64;  ///< in any list of stages
inline constexpr std::size_t kMaxStageNameBytes = 24;
inline constexpr std::uint8_t kOwnStageMin = 100;
inline constexpr std::uint8_t kOwnStageMax = 127;

/// Returns the stages of one's own, in any order: protocol/own_stages.cpp, the file to edit.
std::span<const OwnStage> own_stages();

/// Returns every stage, our own and those of one's own, in the order that samples pass them.
std::span<const StageRow> stage_table();

std::string_view name(StageId stage);
std::optional<StageId> stage_from_name(std::string_view name);
/// Returns the stage with this number on the wire; nothing when this program has none.
std::optional<StageId> stage_from_number(std::uint64_t number);
/// Returns whether another worker may run this stage for the holder of a lease.
bool runs_at_peers(StageId stage);

/// Returns every stage, in order.
std::vector<StageId> all_stages();
/// Returns the stages behind the calls, in order: all that a replay runs.
std::vector<StageId> pure_stages();
/// Returns those that runs_at_peers(), in order.
std::vector<StageId> peer_stages();
/// Returns the stages from `first` to `last`, in order; none when `last` comes before `first`.
std::vector<StageId> stages_between(StageId first, StageId last);
/// Returns the stage that comes next; nothing behind the last one.
std::optional<StageId> next_stage(StageId stage);
/// Returns `named`, each once and in order, with the stages of one's own that follow one of them:
/// what a list of stages means to a user.
std::vector<StageId> with_followers(const std::vector<StageId>& named);

/// Returns whether `stages` has this one.
bool has_stage(std::span<const StageId> stages, StageId stage);
/// Returns whether one of `stages` needs the samples' databases.
bool opens_databases(std::span<const StageId> stages);
/// Returns the names of `stages`, with `separator` between them.
std::string stage_names(std::span<const StageId> stages, std::string_view separator);

}  // namespace fd
