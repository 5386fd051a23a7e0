#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/records.hpp"

namespace fd {

// What `show` and `explain` print rows with: a label, and beside it a text that may have many
// lines.

/// How much of an input field, and of an answer, is shown. Units: code points.
inline constexpr std::size_t kFieldCharacters = 200;
inline constexpr std::size_t kAnswerCharacters = 4000;

/// Appends a label and a text of one line, which can be printed as it is.
void text_line(std::string label, const std::string& text, std::string& out);
/// Appends a label and the first `characters` of a text, made printable.
void text_block(const std::string& label, std::string_view text, std::size_t characters,
                std::string& out);
/// Appends the fields of a sample's input, `characters` of each.
void text_fields(const Sample& sample, std::size_t characters, std::string& out);
/// Appends the golds of a sample, if it has any, `characters` of each.
void text_golds(const Sample& sample, std::size_t characters, std::string& out);
/// Returns how a candidate ran, in words.
std::string exec_text(const Candidate& candidate, const Outcome& outcome);

/// Returns why a call brought no answer.
std::string error_text(const Call& call);

}  // namespace fd
