#include "actors/gateway/openai/reply_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Passes the next line of `text`, which ends with CR, LF or both.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) {
    text = {};
  } else {
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return line;
}

/// Joins a stream's events.
class Joiner {
 public:
  explicit Joiner(ReplyBody& reply) : reply_(reply) {}

  /// Takes the data of one event. Returns whether more is to be read.
  bool take(std::string_view data) {
    if (data == "[DONE]") {
      ended_ = true;
      return false;
    }
    ReplyBody piece(data, ReplyForm::piece);
    if (!piece.read()) {
      return false;
    }
    join(piece);
    return true;
  }

  /// Returns whether the stream is whole, with a fault at each answer that is not.
  bool conclude() {
    bool whole = ended_;
    for (ReplyChoice& choice : reply_.choices) {
      if (!ended_ && choice.finish_reason.empty() && choice.fault.empty()) {
        choice.fault = "the stream ended before this answer";
      }
      whole = whole || !choice.finish_reason.empty();
    }
    std::ranges::stable_sort(reply_.choices, {}, &ReplyChoice::index);
    return whole;
  }

 private:
  void join(ReplyChoice& more) {
    auto all = std::ranges::find(reply_.choices, more.index, &ReplyChoice::index);
    if (all == reply_.choices.end()) {
      if (reply_.choices.size() < kMaxReplyChoices) {
        reply_.choices.push_back(std::move(more));
      }
      return;
    }
    all->text += more.text;
    all->reasoning += more.reasoning;
    all->refusal += more.refusal;
    all->has_content = all->has_content || more.has_content;
    if (more.fault.empty()) {
      all->fault.clear();
    }
    if (!more.finish_reason.empty()) {
      all->finish_reason = std::move(more.finish_reason);
    }
  }

  void join(ReplyBody& piece) {
    for (ReplyChoice& choice : piece.choices) {
      join(choice);
    }
    if (!piece.completion.served_model.empty()) {
      reply_.completion.served_model = std::move(piece.completion.served_model);
    }
    if (piece.has_usage) {
      reply_.completion.usage = piece.completion.usage;
      reply_.has_usage = true;
    }
    if (piece.has_error) {
      reply_.has_error = true;
      reply_.error_message = std::move(piece.error_message);
      reply_.error_code = std::move(piece.error_code);
      reply_.error_status = piece.error_status;
    }
  }

  ReplyBody& reply_;
  bool ended_ = false;
};

}  // namespace

bool looks_like_stream(std::string_view body) {
  body = trimmed(body, " \t\r\n");
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(":");
}

bool read_stream(std::string_view body, ReplyBody& reply) {
  Joiner joiner(reply);
  std::string data;
  bool more = true;
  while (more && !body.empty()) {
    const std::string_view line = take_line(body);
    if (line.starts_with("data:")) {
      data += data.empty() ? "" : "\n";
      data += trimmed(line.substr(5), " ");
    }
    // The last event counts without the blank line behind it: the body is known to be whole.
    if ((line.empty() || body.empty()) && !data.empty()) {
      more = joiner.take(data);
      data.clear();
    }
  }
  return joiner.conclude();
}

}  // namespace fd
