#include "actors/stages/prompt.hpp"

#include <algorithm>
#include <iterator>

#include "protocol/base/field_template.hpp"
#include "protocol/chat_turns.hpp"

namespace fd {
namespace {

constexpr std::string_view kSystemField = "system_prompt";
constexpr std::string_view kSystemRole = "system";

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& one : names) {
    out += out.empty() ? one : ", " + one;
  }
  return out.empty() ? "none" : out;
}

/// Adds the members of an object's text to `fields`. Returns false when it is no object.
bool add_members(const std::string& text, json::Object& fields) {
  if (text.empty()) {
    return true;
  }
  Result<json::Value> value = json::parse_canonical(text);
  if (!value.ok() || value->as_object() == nullptr) {
    return false;
  }
  // A field that is there already is the same value of the same row.
  fields.merge(*value->as_object());
  return true;
}

}  // namespace

Result<PromptTemplate> PromptTemplate::compile(std::string_view text,
                                               const std::vector<std::string>& allowed) {
  PromptTemplate compiled;
  while (!text.empty()) {
    const TemplatePiece piece = take_piece(text);
    const std::string field(piece.field);
    if (piece.place == TemplatePiece::Place::unclosed) {
      return Error{Errc::invalid_input, "'{{" + field.substr(0, 40) + "' has no '}}' behind it"};
    }
    if (piece.place == TemplatePiece::Place::field &&
        std::find(allowed.begin(), allowed.end(), field) == allowed.end()) {
      return Error{Errc::invalid_input,
                   "'{{" + field + "}}' is not one of contract.fields or contract.id_fields (" +
                       joined(allowed) + "): add it there, so that the sample id covers what " +
                       "the model sees"};
    }
    compiled.pieces_.push_back({std::string(piece.literal), field});
  }
  return compiled;
}

std::string PromptTemplate::render(const json::Object& fields) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    out += piece.literal;
    const auto found = piece.field.empty() ? fields.end() : fields.find(piece.field);
    if (found == fields.end() || found->second.is_null()) {
      continue;
    }
    if (const std::string* text = found->second.as_string()) {
      out += *text;
    } else {
      json::append_canonical(found->second, out);
    }
  }
  return out;
}

Result<PromptStage> PromptStage::make(const RunConfig& config) {
  std::vector<std::string> allowed = config.contract.fields;
  allowed.insert(allowed.end(), config.contract.id_fields.begin(), config.contract.id_fields.end());
  PromptStage stage;
  stage.teacher_ = config.teacher;
  std::vector<ChatMessage> templates = config.teacher.messages;
  if (templates.empty() && config.teacher.messages_field.empty()) {
    templates.push_back({"user", config.teacher.prompt});
  }
  for (ChatMessage& one : templates) {
    Result<PromptTemplate> compiled = PromptTemplate::compile(one.content, allowed);
    if (!compiled.ok()) {
      return compiled.error().within(config.teacher.messages.empty() ? "teacher.prompt"
                                                                     : "teacher.messages");
    }
    stage.turns_.push_back({std::move(one.role), std::move(compiled).value()});
  }
  return stage;
}

/// Returns the turns that are the sample's own: its chat, or the templates over its fields; none
/// when its chat is no chat.
std::vector<ChatMessage> PromptStage::own_turns(const json::Object& fields) const {
  std::vector<ChatMessage> turns;
  for (const Turn& turn : turns_) {
    turns.push_back({turn.role, turn.content.render(fields)});
  }
  if (const auto chat = fields.find(teacher_.messages_field); turns_.empty()) {
    Result<std::vector<ChatMessage>> asked =
        asked_turns(chat == fields.end() ? json::Value() : chat->second);
    return asked.ok() ? std::move(asked).value() : turns;
  }
  return turns;
}

std::vector<ChatMessage> PromptStage::messages(const Sample& sample) const {
  json::Object fields;
  bool good = add_members(sample.canonical_input, fields);
  std::string system = teacher_.system_prompt;
  if (const auto own = fields.find(kSystemField); own != fields.end()) {
    if (const std::string* text = own->second.as_string(); text != nullptr && !text->empty()) {
      system = *text;
    }
  }
  good = add_members(sample.id_fields, fields) && good;
  std::vector<ChatMessage> own = good ? own_turns(fields) : std::vector<ChatMessage>();
  // A sample that is no object can only come from a broken peer: a call without messages is one
  // that no endpoint takes, and so nothing is paid for it.
  if (own.empty()) {
    return own;
  }
  std::vector<ChatMessage> messages;
  auto behind_system = std::find_if(
      own.begin(), own.end(), [](const ChatMessage& turn) { return turn.role != kSystemRole; });
  if (behind_system == own.begin() && !system.empty()) {
    messages.push_back({std::string(kSystemRole), std::move(system)});
  }
  std::copy_if(own.begin(), behind_system, std::back_inserter(messages),
               [](const ChatMessage& turn) { return !turn.content.empty(); });
  messages.insert(messages.end(), teacher_.examples.begin(), teacher_.examples.end());
  messages.insert(messages.end(), behind_system, own.end());
  return messages;
}

ChatCall PromptStage::call(const Sample& sample, std::uint32_t candidate) const {
  ChatCall call;
  call.sample_id = sample.id;
  call.candidate = candidate;
  call.model = teacher_.model;
  call.messages = messages(sample);
  call.decode = teacher_.decode;
  call.decode.n = 1;
  if (call.decode.seed) {
    *call.decode.seed += candidate;
  }
  call.call_key = call_key(call, call.model, "", call.messages, call.decode);
  return call;
}

}  // namespace fd
