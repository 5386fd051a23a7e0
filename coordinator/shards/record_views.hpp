#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.hpp"
#include "protocol/records.hpp"

// The lines of a shard's files as views into them. Merging a million samples copies most fields
// from one canonical line into another: taken as they stand in the file, quotes and escapes
// included, nothing is built and nothing is escaped again. What append_line() wrote is read by the
// same tables of members, key by key in the canonical order; anything else is an error.
//
// In every view a `std::string_view` member is JSON text (a string with its quotes, an object, a
// number, "true", "false" or "null"). Lifetime: that of the line.

namespace fd {

struct SampleView {
  SampleId id;
  std::string_view canonical_input;  ///< an object
  std::string_view gold;             ///< empty without one
  std::string_view more_golds;       ///< a list; empty without any
  std::string_view id_fields;        ///< an object; empty without any
};

struct AnswerView : CallIdentity {
  std::string_view finish_reason;
  std::string_view model;
  std::string_view reasoning;
  std::string_view text;
};

struct CallView : CallIdentity {
  std::uint64_t count = 1;
  std::uint64_t fence = 0;
  CallEnd end = CallEnd::answered;
  std::string_view endpoint;
  std::string_view error;
  std::string_view served_model;  ///< empty when not said
  std::string_view price;         ///< an object; empty when not known
  std::uint64_t attempts = 0;
  std::uint64_t http_status = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  std::uint64_t queue_us = 0;
  std::uint64_t service_us = 0;
  std::optional<std::uint64_t> cached_tokens;     ///< nothing: not said
  std::optional<std::uint64_t> reasoning_tokens;  ///< nothing: not said
  std::optional<std::uint64_t> connect_us;        ///< nothing: not known
  std::optional<std::uint64_t> first_byte_us;     ///< nothing: not known
  bool tokens_unknown = false;
};

struct CandidateView {
  std::uint32_t index = 0;
  Reason rule = Reason::none;
  ExecStatus exec = ExecStatus::not_run;
  std::string_view clean_rule;
  std::string_view error_class;
  std::string_view gold_match;
  std::string_view judge;
  std::string_view score;
  std::string_view signature;
  std::string_view text;
};

struct OutcomeView {
  SampleId sample_id;
  Verdict verdict = Verdict::failed;
  Reason reason = Reason::internal;
  std::optional<std::uint32_t> chosen;
  std::optional<std::uint32_t> deciding;
  bool gold_failed = false;
  std::vector<CandidateView> candidates;
};

// Each fills in `view` completely, so that one object serves line after line.
// Errors: corrupt, saying at which byte of the line.
Result<void> read_view(std::string_view line, SampleView& view);
Result<void> read_view(std::string_view line, AnswerView& view);
Result<void> read_view(std::string_view line, CallView& view);
Result<void> read_view(std::string_view line, OutcomeView& view);

/// Returns the text that a JSON string stands for. Errors: corrupt.
Result<std::string> text_of(std::string_view json_string);

}  // namespace fd
