#include "coordinator/shards/row_text.hpp"

#include "coordinator/text/report_text.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::size_t kLabelWidth = 14;
constexpr std::size_t kIndent = kLabelWidth + 3;

}  // namespace

void text_line(std::string label, const std::string& text, std::string& out) {
  label.append(label.size() < kLabelWidth ? kLabelWidth - label.size() : 0, ' ');
  out += "   " + label + text + "\n";
}

void text_block(const std::string& label, std::string_view text, std::size_t characters,
                std::string& out) {
  text_line(label, printable_block(shortened(text, characters), kIndent), out);
}

void text_fields(const Sample& sample, std::size_t characters, std::string& out) {
  const auto value = json::parse_canonical(sample.canonical_input);
  if (!value.ok() || value->as_object() == nullptr) {
    return text_block("input", sample.canonical_input, characters, out);
  }
  for (const auto& [field, content] : *value->as_object()) {
    const std::string* text = content.as_string();
    text_block(printable(shortened(field, kLabelWidth * 2)) + " ",
               text != nullptr ? *text : json::canonical(content), characters, out);
  }
}

void text_golds(const Sample& sample, std::size_t characters, std::string& out) {
  if (sample.gold) {
    text_block("gold", *sample.gold, characters, out);
  }
  for (const std::string& gold : sample.more_golds) {
    text_block("or", gold, characters, out);
  }
}

std::string error_text(const Call& call) {
  return call.error.empty() ? std::string(name(call.end)) : call.error;
}

std::string exec_text(const Candidate& candidate, const Outcome& outcome) {
  std::string text(name(candidate.exec));
  if (!candidate.error_class.empty()) {
    text += " (" + printable(candidate.error_class) + ")";
  }
  if (outcome.gold_failed) {
    text += ", the gold itself does not run";
  } else if (candidate.gold_match && candidate.exec == ExecStatus::ok) {
    text += *candidate.gold_match ? ", same result as the gold" : ", not the gold's result";
  }
  if (candidate.score) {
    text += ", score " + short_number(*candidate.score);
  }
  if (candidate.judge) {
    text += ", judge " + short_number(*candidate.judge);
  }
  return text;
}

}  // namespace fd
