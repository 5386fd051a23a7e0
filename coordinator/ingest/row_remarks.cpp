#include "coordinator/ingest/row_remarks.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/sql/sql_text.hpp"
#include "protocol/base/field_template.hpp"
#include "protocol/base/text.hpp"
#include "protocol/chat_turns.hpp"

namespace fd {
namespace {

/// Returns whether nothing stands in the field of the row that a reader could see.
bool is_blank(const json::RowParser& row, std::string_view field) {
  if (row.member(field) != json::RowParser::Member::present) {
    return true;
  }
  const std::optional<std::string_view> text = row.string(field);
  return text && trimmed(*text).empty();
}

/// Returns what keeps `gold` from being one query, or nothing.
std::string_view gold_problem(std::string_view gold) {
  if (is_blank_sql(gold)) {
    return "a gold without a statement";
  }
  SqlTokenizer tokens(gold);
  bool begun = false;
  bool ended = false;
  while (const std::optional<SqlToken> token = tokens.next_meaning()) {
    const bool semicolon = token->kind == SqlTokenKind::semicolon;
    if (ended && !semicolon) {
      return "several statements in one gold (several golds are a list)";
    }
    begun = begun || !semicolon;
    ended = begun && semicolon;
  }
  return {};
}

}  // namespace

RowRemarks::RowRemarks(const RunConfig& config) : chat_field_(config.teacher.messages_field) {
  add_fields(config.teacher.prompt);
  for (const ChatMessage& message : config.teacher.messages) {
    add_fields(message.content);
  }
}

void RowRemarks::add_fields(std::string_view text) {
  while (!text.empty()) {
    const TemplatePiece piece = take_piece(text);
    const std::string field(piece.field);
    if (piece.place == TemplatePiece::Place::field &&
        std::find(fields_.begin(), fields_.end(), field) == fields_.end()) {
      fields_.push_back(field);
    }
  }
}

Result<void> RowRemarks::look(const json::RowParser& row, std::span<const std::string_view> golds,
                              const RowPlace& place) {
  FD_TRY_VOID(look_at_chat(row));
  std::size_t blank = 0;
  for (const std::string& field : fields_) {
    blank += is_blank(row, field) ? 1 : 0;
  }
  if (blank > 0 && blank == fields_.size()) {
    return Error{Errc::invalid_input, blank == 1 ? "field '" + fields_.front() +
                                                       "' is blank, and the prompt names no other"
                                                 : "every field that the prompt names is blank"};
  }
  for (const std::string& field : fields_) {
    if (blank > 0 && is_blank(row, field)) {
      add("nothing in field '" + field + "', which the prompt names", place);
    }
  }
  for (const std::string_view gold : golds) {
    if (const std::string_view problem = gold_problem(gold); !problem.empty()) {
      add(std::string(problem), place);
      break;
    }
  }
  return {};
}

Result<void> RowRemarks::look_at_chat(const json::RowParser& row) const {
  if (chat_field_.empty()) {
    return {};
  }
  std::string text;
  row.append_member(chat_field_, text);
  FD_TRY(const json::Value chat, json::parse_canonical(text));
  const auto turns = asked_turns(chat);
  return turns.ok() ? Result<void>()
                    : turns.error().within("field '" + chat_field_ + "', which is to be a chat");
}

void RowRemarks::conflict(const RowPlace& place) {
  add("a conflict: the sample id of an earlier row, which stays, but another gold or database",
      place);
}

void RowRemarks::add(const std::string& what, const RowPlace& place) {
  Remark& remark = remarks_[what];
  const std::pair at(place.file, place.line);
  if (remark.count++ == 0 || at < remark.at) {
    remark.at = at;
    remark.first = place_text(place);
  }
}

std::vector<std::string> RowRemarks::texts() const {
  std::vector<std::string> out;
  for (const auto& [what, remark] : remarks_) {
    out.push_back(remark.first +
                  (remark.count == 1
                       ? ": has "
                       : " and " + std::to_string(remark.count - 1) +
                             (remark.count == 2 ? " other row: have " : " other rows: have ")) +
                  what);
  }
  return out;
}

}  // namespace fd
