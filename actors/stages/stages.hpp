#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actors/gateway/gateway.hpp"
#include "actors/sandbox/sql_sandbox.hpp"
#include "actors/stages/stage.hpp"
#include "protocol/result.hpp"
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
  /// Returns the messages of that call, which are those of every candidate.
  [[nodiscard]] std::vector<ChatMessage> messages(const Sample& sample) const;

 private:
  TeacherConfig teacher_;
  std::optional<PromptTemplate> prompt_;
};

/// Returns the identity of a paid call: the SHA-256 of the JCS text of
///   {"candidate":0,
///    "decode":{"max_tokens":512,"seed":123,"stop":[";"],"temperature":0.2,"top_p":1},
///    "messages":[{"content":"...","role":"system"},...],"model":"...","role":"teacher","try":0}
/// where `decode` has no "seed" without a seed (else that of the candidate, as text when it is
/// beyond 2^53) and no "stop" without stops; never n. Endpoint, key, time-outs and worker are not
/// part of it.
Digest call_key(std::string_view role, std::string_view model,
                const std::vector<ChatMessage>& messages, const DecodeConfig& decode,
                std::uint32_t candidate, std::uint32_t attempt_try);

/// What cleaning found in a model's answer.
struct Cleaned {
  std::string text;  ///< the SQL without closing semicolon; empty when there is none
  std::string rule;  ///< "fence", "whole", "label", "keyword" or "none" (docs/sql.md)
};

/// The longest answer, without its reasoning, in which SQL is looked for: four times the longest
/// SQL that is run. Bounds the time that a hostile text can take.
inline constexpr std::size_t kMaxAnswerBytes = 64u << 10;

/// Finds the SQL in a model's answer: drops reasoning blocks, prefers the last fence that looks
/// like SQL, then the answer itself, then what follows "SQL:", then the first statement that begins
/// a line or stands in a sentence. Only the first statement counts; never cuts inside literals or
/// comments.
Cleaned clean_sql(std::string_view answer);

/// From answers to candidates with cleaned text. Sets Reason::truncated (finish reason "length"),
/// empty_output (nothing but reasoning), refusal, or format_error (text without SQL). When
/// gates.exec.kind is none, the text is the whole answer without its reasoning.
std::unique_ptr<Stage> make_clean_stage(const RunConfig& config);
/// Length in code points (too_short, too_long), then banned patterns (banned_pattern), then
/// required ones (format_error), by RE2. Errors: invalid_input, for a pattern that RE2 refuses.
Result<std::unique_ptr<Stage>> make_rules_stage(const RunConfig& config);

/// How much the exec stage keeps: open databases, and results of gold queries.
inline constexpr std::size_t kOpenDatabasesMax = 32;
inline constexpr std::size_t kGoldCacheMax = 1024;
inline constexpr std::size_t kGoldCacheBytesMax = 64u << 20;

/// Opens the sandbox for the database with this digest (hexadecimal).
using SandboxOpener =
    std::function<Result<std::unique_ptr<SqlSandbox>>(const std::string& database)>;
/// Runs candidates that passed the rules, and the gold (once per database and text: results are
/// cached, least recently used goes first), and compares. A sample without a database gets exec
/// error "no_database"; when the opener fails, the sample fails (Reason::internal).
std::unique_ptr<Stage> make_exec_stage(const RunConfig& config, SandboxOpener opener);
/// Score of each candidate from its evidence: gates.score.gold when it matched the gold, exec when
/// it ran (or, with gates.exec.kind none, passed the rules), else fail.
std::unique_ptr<Stage> make_score_stage(const RunConfig& config);
/// Chooses among the candidates and turns the sample into an Outcome: kept with the candidate of
/// the highest score that passes gates.select, ties by index. A rejected sample's reason is that of
/// the candidate that got furthest, ties by index; gold_error when the gold itself does not run.
std::unique_ptr<Stage> make_select_stage(const RunConfig& config);

}  // namespace fd
