#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/openai/openai_codec.hpp"
#include "actors/gateway/openai/reply_reader.hpp"

namespace fd {

/// The most choices of a reply that are looked at.
inline constexpr std::size_t kMaxReplyChoices = 128;

/// One of a reply's choices.
struct ReplyChoice {
  std::uint64_t index = 0;  ///< as sent; its place, when none was
  std::string text;
  std::string reasoning;
  std::string refusal;
  std::string finish_reason;  ///< as sent
  bool has_content = false;   ///< a text, empty or not
  std::string fault;          ///< what is wrong with it; empty: nothing
};

/// How a choice holds its message: whole, or as one piece of a stream.
enum class ReplyForm { whole, piece };

/// The parts of a chat completion that are looked at, as they stand in the reply.
class ReplyBody {
 public:
  /// Lifetime: `body` outlives it.
  explicit ReplyBody(std::string_view body, ReplyForm form = ReplyForm::whole)
      : reader_(body), form_(form) {}

  /// Returns whether the body is one whole JSON object. The error of an array of error objects
  /// (Gemini's) is read too.
  bool read();

  Completion completion;  ///< served_model and usage
  /// At most kMaxReplyChoices, by index; those of equal index as they stand.
  std::vector<ReplyChoice> choices;
  bool has_usage = false;          ///< a count of tokens that makes sense
  bool has_error = false;          ///< an error object or text
  std::string error_message;       ///< of the error object, or a bare "message" or "detail"
  std::string error_code;          ///< its code, or else its type
  std::uint32_t error_status = 0;  ///< its code as an HTTP status; 0 when it is none

 private:
  bool read_member(std::string_view key);
  bool read_list();
  bool read_choices();
  bool read_choice(ReplyChoice& choice);
  bool read_message(ReplyChoice& choice);
  bool read_content(ReplyChoice& choice);
  bool read_part(ReplyChoice& choice);
  bool read_thought();
  bool read_usage();
  bool read_detail(std::string_view wanted, std::optional<std::uint64_t>& out);
  bool read_error();
  bool read_error_part(std::string_view key);

  ReplyReader reader_;
  ReplyForm form_;
  std::string thoughts_;  ///< parts of the content that are reasoning
};

}  // namespace fd
