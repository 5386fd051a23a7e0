#include "coordinator/ingest/row_contract.hpp"

#include <algorithm>

namespace fd {
namespace {

Error invalid(const std::string& why) {
  return Error{Errc::invalid_input, why};
}

}  // namespace

void append_members(std::string_view row_text, std::span<const MemberPlace> members,
                    std::string& out) {
  char before = '{';
  for (const MemberPlace& place : members) {
    out += before;
    out += row_text.substr(place.from, place.to - place.from);
    before = ',';
  }
  out += members.empty() ? "{}" : "}";
}

RowContract::RowContract(const RunConfig& config) : drop_null_(config.contract.drop_null_fields) {
  for (const std::string& name : config.contract.fields) {
    fields_.push_back({name, false});
  }
  for (const std::string& name : config.contract.id_fields) {
    fields_.push_back({name, true});
  }
  std::sort(fields_.begin(), fields_.end(), [](const Field& a, const Field& b) {
    return a.name == b.name ? a.is_id < b.is_id : json::key_less(a.name, b.name);
  });
  task_text_ = ",\"task\":";
  json::append_string(config.task, task_text_);
  task_text_ += ",\"v\":1}";
}

/// Writes the whole row, and notes where the members of the contract stand in it. Both lists are in
/// canonical order, so one walk finds them.
Result<void> RowContract::place_members() {
  text_ = "{";
  content_.clear();
  id_fields_.clear();
  auto field = fields_.begin();
  for (const std::string_view key : parser_.keys()) {
    if (text_.size() > 1) {
      text_ += ',';
    }
    MemberPlace place;
    place.from = static_cast<std::uint32_t>(text_.size());
    json::append_string(key, text_);
    text_ += ':';
    const std::size_t value_at = text_.size();
    parser_.append_member(key, text_);
    place.to = static_cast<std::uint32_t>(text_.size());
    for (; field != fields_.end() && field->name == key; ++field) {
      FD_TRY_VOID(check_fault(parser_, key));
      const bool null = std::string_view(text_).substr(value_at) == "null";
      if (field->is_id && null) {
        return invalid("id field '" + field->name + "' is null");
      }
      if (field->is_id) {
        id_fields_.push_back(place);
      } else if (!null || !drop_null_) {
        content_.push_back(place);
      }
    }
  }
  text_ += '}';
  if (field != fields_.end()) {
    for (const Field& one : fields_) {  // of which the walk above did not reach all
      FD_TRY_VOID(check_fault(parser_, one.name));
    }
    return invalid(std::string("missing ") + (field->is_id ? "id field '" : "field '") +
                   field->name + "'");
  }
  return {};
}

Result<ContractRow> RowContract::read(std::string_view line) {
  FD_TRY_VOID(parser_.parse(line));
  if (parser_.keys().size() > kMaxRowFields) {
    return invalid("has " + std::to_string(parser_.keys().size()) + " fields, more than " +
                   std::to_string(kMaxRowFields));
  }
  FD_TRY_VOID(place_members());
  constexpr std::string_view kBegin = "{\"canonical_input\":";
  id_text_ = kBegin;
  append_members(text_, content_, id_text_);
  const std::size_t canonical_end = id_text_.size();
  if (!id_fields_.empty()) {
    id_text_ += ",\"id_fields\":";
    append_members(text_, id_fields_, id_text_);
  }
  id_text_ += task_text_;
  sha_.update(id_text_);
  ContractRow row;
  row.id = sha_.finish();
  row.text = text_;
  row.canonical_input =
      std::string_view(id_text_).substr(kBegin.size(), canonical_end - kBegin.size());
  row.content = content_;
  row.id_fields = id_fields_;
  return row;
}

Result<void> check_fault(const json::RowParser& row, std::string_view field) {
  const std::string_view fault = row.fault(field);
  return fault.empty() ? Result<void>()
                       : invalid("field '" + std::string(field) + "': " + std::string(fault));
}

std::string type_of(const json::RowParser& row, std::string_view field) {
  std::string text;
  row.append_member(field, text);
  switch (text.front()) {
    case '"':
      return "text";
    case '{':
      return "an object";
    case '[':
      return "a list";
    case 'n':
      return "null";
    case 't':
    case 'f':
      return text;
    default:
      return "a number";
  }
}

Result<std::vector<std::string>> golds_of(const json::RowParser& row, const std::string& field) {
  FD_TRY_VOID(check_fault(row, field));
  std::vector<std::string> golds;
  if (row.member(field) != json::RowParser::Member::present) {
    return golds;
  }
  if (const std::optional<std::string_view> text = row.string(field)) {
    golds.emplace_back(*text);
    return golds;
  }
  std::string text;
  row.append_member(field, text);
  const Result<json::Value> value = json::parse_canonical(text);
  if (!value.ok() || value->as_array() == nullptr) {
    return invalid("field '" + field + "' must be text or a list of texts, got " +
                   type_of(row, field));
  }
  if (value->as_array()->size() > kMaxGolds) {
    return invalid("field '" + field + "' has more than " + std::to_string(kMaxGolds) + " golds");
  }
  for (const json::Value& item : *value->as_array()) {
    const std::string* gold = item.as_string();
    if (gold == nullptr) {
      return invalid("field '" + field + "' is a list with something else than texts in it");
    }
    if (std::find(golds.begin(), golds.end(), *gold) == golds.end()) {
      golds.push_back(*gold);
    }
  }
  return golds;
}

}  // namespace fd
