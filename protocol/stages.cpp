#include "protocol/stages.hpp"

#include <algorithm>

#include "protocol/base/result.hpp"

namespace fd {
namespace {

/// The built-in stages, in the order that samples pass them.
constexpr StageRow kBuiltIn[] = {
    {StageId::teacher, "teacher", StagePlace::caller},
    {StageId::clean, "clean", StagePlace::peers},
    {StageId::rules, "rules", StagePlace::peers},
    {StageId::exec, "exec", StagePlace::peers, true},
    {StageId::score, "score", StagePlace::peers},
    {StageId::select, "select", StagePlace::holder},
};

// What is on the wire, and on disk in a ledger.
static_assert(static_cast<int>(StageId::teacher) == 0);
static_assert(static_cast<int>(StageId::clean) == 1);
static_assert(static_cast<int>(StageId::rules) == 2);
static_assert(static_cast<int>(StageId::exec) == 3);
static_assert(static_cast<int>(StageId::score) == 4);
static_assert(static_cast<int>(StageId::select) == 5);

bool is_stage_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxStageNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

/// Adds the stages of one's own that follow `stage`, each with those that follow it.
void add_followers(StageId stage, std::vector<StageRow>& table) {
  for (const OwnStage& own : own_stages()) {
    if (own.after == stage) {
      table.push_back({own.id, own.name, StagePlace::peers, own.opens_databases});
      FD_CHECK(table.size() <= kMaxStages);  // two that follow each other would never end
      add_followers(own.id, table);
    }
  }
}

std::vector<StageRow> make_table() {
  for (const OwnStage& own : own_stages()) {
    const auto number = static_cast<std::uint8_t>(own.id);
    FD_CHECK(number >= kOwnStageMin && number <= kOwnStageMax);
    FD_CHECK(is_stage_name(own.name));
    FD_CHECK(own.after != StageId::select);  // it would come too late to change an outcome
  }
  std::vector<StageRow> table;
  for (const StageRow& row : kBuiltIn) {
    table.push_back(row);
    add_followers(row.id, table);
  }
  // Every row is reached from a built-in stage, and no number or name stands twice.
  FD_CHECK(table.size() == std::size(kBuiltIn) + own_stages().size());
  for (auto row = table.begin(); row != table.end(); ++row) {
    FD_CHECK(std::none_of(row + 1, table.end(), [&](const StageRow& other) {
      return other.id == row->id || other.name == row->name;
    }));
  }
  return table;
}

const StageRow& row_of(StageId stage) {
  const auto table = stage_table();
  const auto row = std::ranges::find(table, stage, &StageRow::id);
  // Stages are made from names and checked numbers only.
  FD_CHECK(row != table.end());
  return *row;
}

template <class Wanted>
std::vector<StageId> stages_where(Wanted wanted) {
  std::vector<StageId> stages;
  for (const StageRow& row : stage_table()) {
    if (wanted(row)) {
      stages.push_back(row.id);
    }
  }
  return stages;
}

}  // namespace

std::span<const StageRow> stage_table() {
  static const std::vector<StageRow> table = make_table();
  return table;
}

std::string_view name(StageId stage) {
  return row_of(stage).name;
}

bool runs_at_peers(StageId stage) {
  return row_of(stage).place == StagePlace::peers;
}

std::optional<StageId> stage_from_name(std::string_view name) {
  const auto table = stage_table();
  const auto row = std::ranges::find(table, name, &StageRow::name);
  return row != table.end() ? std::optional(row->id) : std::nullopt;
}

std::optional<StageId> stage_from_number(std::uint64_t number) {
  const auto table = stage_table();
  const auto row = std::ranges::find_if(table, [number](const StageRow& one) {
    return static_cast<std::uint64_t>(one.id) == number;
  });
  return row != table.end() ? std::optional(row->id) : std::nullopt;
}

std::vector<StageId> all_stages() {
  return stages_where([](const StageRow&) { return true; });
}

std::vector<StageId> pure_stages() {
  return stages_where([](const StageRow& row) { return row.place != StagePlace::caller; });
}

std::vector<StageId> peer_stages() {
  return stages_where([](const StageRow& row) { return row.place == StagePlace::peers; });
}

std::vector<StageId> stages_between(StageId first, StageId last) {
  const StageRow* const to = &row_of(last);
  std::vector<StageId> stages;
  for (const StageRow* row = &row_of(first); row <= to; ++row) {
    stages.push_back(row->id);
  }
  return stages;
}

std::optional<StageId> next_stage(StageId stage) {
  const auto rest = stage_table().last(stages_between(stage, stage_table().back().id).size());
  return rest.size() > 1 ? std::optional(rest[1].id) : std::nullopt;
}

std::vector<StageId> with_followers(const std::vector<StageId>& named) {
  std::vector<StageId> stages;
  for (const StageRow& row : stage_table()) {
    const bool follows = std::ranges::any_of(own_stages(), [&](const OwnStage& own) {
      return own.id == row.id && has_stage(stages, own.after);
    });
    if (follows || has_stage(named, row.id)) {
      stages.push_back(row.id);
    }
  }
  return stages;
}

bool has_stage(std::span<const StageId> stages, StageId stage) {
  return std::ranges::find(stages, stage) != stages.end();
}

bool opens_databases(std::span<const StageId> stages) {
  return std::ranges::any_of(stages, [](StageId stage) { return row_of(stage).opens_databases; });
}

std::string stage_names(std::span<const StageId> stages, std::string_view separator) {
  std::string names;
  for (const StageId stage : stages) {
    names += (names.empty() ? "" : std::string(separator)) + std::string(name(stage));
  }
  return names;
}

}  // namespace fd
