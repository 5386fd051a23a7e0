#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// The most fields that one row may have.
inline constexpr std::size_t kMaxRowFields = 4096;

/// Where one member, `"key":value`, stands in a row's text.
struct MemberPlace {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

/// Appends the JCS text of the object that has these members of `row_text`, a JCS text: members of
/// canonical text in their order make canonical text.
void append_members(std::string_view row_text, std::span<const MemberPlace> members,
                    std::string& out);

/// A row as the contract sees it. Lifetime: views into the RowContract, good until its next read().
struct ContractRow {
  SampleId id;
  std::string_view text;                   ///< JCS text of the whole row
  std::string_view canonical_input;        ///< JCS text
  std::span<const MemberPlace> content;    ///< what canonical_input is made of
  std::span<const MemberPlace> id_fields;  ///< what the id fields' object is made of
};

/// Reads rows by the data contract of a config: canonical input, id fields, sample_id. Pure.
class RowContract {
 public:
  explicit RowContract(const RunConfig& config);

  /// Errors: invalid_input, saying what is wrong with the row.
  Result<ContractRow> read(std::string_view line);
  /// Returns the parsed row that the last read() was given.
  [[nodiscard]] const json::RowParser& row() const { return parser_; }

 private:
  struct Field {
    std::string name;
    bool is_id = false;
  };
  Result<void> place_members();
  bool drop_null_;
  std::vector<Field> fields_;  ///< in canonical order
  std::string task_text_;      ///< `,"task":"...","v":1}`
  json::RowParser parser_;
  Sha256 sha_;
  std::string text_;
  std::string id_text_;
  std::vector<MemberPlace> content_;
  std::vector<MemberPlace> id_fields_;
};

/// Errors: invalid_input, when the member `field` has a fault.
Result<void> check_fault(const json::RowParser& row, std::string_view field);
/// The most golds that one row may have.
inline constexpr std::size_t kMaxGolds = 64;
/// Returns the golds of a row: its member `field`, a text or a list of texts, each once and in its
/// order; none when it is missing or null.
/// Errors: invalid_input, when it is neither, has too many or has a fault.
Result<std::vector<std::string>> golds_of(const json::RowParser& row, const std::string& field);
/// Returns what the member `field` is, for messages: "text", "a number", "null". Requires: it is
/// there.
std::string type_of(const json::RowParser& row, std::string_view field);

}  // namespace fd
