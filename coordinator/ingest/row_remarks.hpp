#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/ingest/refusals.hpp"
#include "protocol/json/json.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// Looks at valid rows for what is no error and mostly a mistake: fields of the prompt that are
/// blank, golds that no query can be, and rows that contradict an earlier one. Each sort is one
/// warning, with a number and the first place, before anything is paid for.
class RowRemarks {
 public:
  explicit RowRemarks(const RunConfig& config);

  /// Looks at one row. Errors: invalid_input, when every field that the prompt names is blank: the
  /// model would be asked nothing; or the field that is to be a chat is none.
  Result<void> look(const json::RowParser& row, std::span<const std::string_view> golds,
                    const RowPlace& place);
  /// Counts a row that has the id of an earlier one and another gold or database, and is left out.
  void conflict(const RowPlace& place);
  /// Returns the warnings, sorted.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  struct Remark {
    std::uint64_t count = 0;
    std::string first;
    std::pair<std::uint32_t, std::uint64_t> at;  ///< of the first: its file and line
  };
  void add_fields(std::string_view text);
  Result<void> look_at_chat(const json::RowParser& row) const;
  void add(const std::string& what, const RowPlace& place);

  std::string chat_field_;                 ///< teacher.messages_field
  std::vector<std::string> fields_;        ///< that the prompt names
  std::map<std::string, Remark> remarks_;  ///< by what is said of the rows
};

}  // namespace fd
