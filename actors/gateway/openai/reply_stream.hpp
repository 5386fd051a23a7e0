#pragma once

#include <string_view>

#include "actors/gateway/openai/reply_body.hpp"

namespace fd {

/// Returns whether a body is a stream of server-sent events instead of one JSON object: some
/// servers stream although nobody asked, and the answer is paid for either way.
bool looks_like_stream(std::string_view body);

/// Joins the pieces of each choice of such a stream in `reply`, as if they had come as one object.
/// Reads no further than an event that is no JSON. Returns whether the stream is whole: the server
/// said why an answer ended, or that the stream is done. In the first case an answer of which
/// the end was not said has a fault.
/// Source: HTML Living Standard, 9.2.6 "Interpreting an event stream"; OpenAI's
/// chat.completion.chunk.
bool read_stream(std::string_view body, ReplyBody& reply);

}  // namespace fd
