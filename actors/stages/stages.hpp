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
  /// Returns the text with every {{field}} replaced by the member of `fields` (an object): strings as
  /// they are, other values as JCS text, missing or null ones as nothing.
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
  /// Errors: invalid_input, for a template that names a field outside the contract.
  static Result<PromptStage> make(const RunConfig& config);
  /// Returns the call of `candidate`. A row's own system_prompt wins when it is a contract field.
  [[nodiscard]] ChatCall call(const Sample& sample, std::uint32_t candidate) const;

 private:
  TeacherConfig teacher_;
  std::optional<PromptTemplate> prompt_;
};

/// Returns SHA-256 of the JCS text of {role, model, messages, decode without n, candidate, try}.
Digest call_key(std::string_view role, std::string_view model,
                const std::vector<ChatMessage>& messages, const DecodeConfig& decode,
                std::uint32_t candidate, std::uint32_t attempt_try);

/// What cleaning found in a model's answer.
struct Cleaned {
  std::string text;  ///< the SQL; empty when there is none
  std::string rule;  ///< "fence", "label", "keyword", "whole", "none"
};

/// Finds the SQL in a model's answer: drops reasoning blocks, prefers the last fence that looks like
/// SQL, never cuts inside string literals or comments.
Cleaned clean_sql(std::string_view answer);

/// From answers to candidates with cleaned text. Sets Reason::empty_output, truncated, refusal.
std::unique_ptr<Stage> make_clean_stage(const RunConfig& config);
/// Length in code points and patterns, by RE2. Errors: invalid_input, for a pattern that RE2 refuses.
Result<std::unique_ptr<Stage>> make_rules_stage(const RunConfig& config);

/// Opens the sandbox for the database with this digest (hexadecimal).
using SandboxOpener =
    std::function<Result<std::unique_ptr<SqlSandbox>>(const std::string& database)>;
/// Runs candidates that passed the rules, and the gold (once per database and text: results are
/// cached, with a limit), and compares.
std::unique_ptr<Stage> make_exec_stage(const RunConfig& config, SandboxOpener opener);
/// Score of each candidate from its evidence: gold, exec or fail of gates.score.
std::unique_ptr<Stage> make_score_stage(const RunConfig& config);
/// Chooses among the candidates and turns the sample into an Outcome. A rejected sample's reason is
/// that of the candidate that got furthest, ties by index.
std::unique_ptr<Stage> make_select_stage(const RunConfig& config);

}  // namespace fd
