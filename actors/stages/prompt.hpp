#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/chat_call.hpp"
#include "protocol/base/result.hpp"
#include "protocol/json/json.hpp"
#include "protocol/records.hpp"
#include "protocol/run_config.hpp"

namespace fd {

/// A prompt template: text with {{field}} places. Values go in literally and are never read as
/// templates again.
class PromptTemplate {
 public:
  /// Errors: invalid_input, naming a field that is not in `allowed`, or an unclosed "{{".
  static Result<PromptTemplate> compile(std::string_view text,
                                        const std::vector<std::string>& allowed);
  /// Returns the text with every {{field}} replaced by the member of `fields` (an object): strings
  /// as they are, other values as JCS text, missing or null ones as nothing.
  [[nodiscard]] std::string render(const json::Object& fields) const;

 private:
  struct Piece {
    std::string literal;
    std::string field;  ///< empty: only the literal
  };
  std::vector<Piece> pieces_;
};

/// Makes the chat calls of a sample: messages, decode parameters and call keys.
class PromptStage {
 public:
  /// Errors: invalid_input, for a template that names a field outside contract.fields and
  /// contract.id_fields.
  static Result<PromptStage> make(const RunConfig& config);
  /// Returns the call of `candidate`, with the seed of the candidate (seed + candidate) and the key
  /// of its first try. A row's own system_prompt wins when it is a contract field and no empty
  /// text; without any there is no system message. Requires: made by make(). Thread: any.
  [[nodiscard]] ChatCall call(const Sample& sample, std::uint32_t candidate) const;
  /// Returns the messages of that call, which are those of every candidate: the system message, the
  /// examples, and the sample's own turns. A system turn of its own comes in the first's place.
  [[nodiscard]] std::vector<ChatMessage> messages(const Sample& sample) const;

 private:
  struct Turn {
    std::string role;
    PromptTemplate content;
  };
  [[nodiscard]] std::vector<ChatMessage> own_turns(const json::Object& fields) const;

  TeacherConfig teacher_;
  std::vector<Turn> turns_;  ///< templates; none when the samples bring their chats
};

}  // namespace fd
