#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/simulator/mistakes.hpp"
#include "tests/simulator/substring_index.hpp"

namespace fd::simulator {

/// The answer to a prompt that the book does not know.
inline constexpr std::string_view kUnknownAnswer = "SELECT 1";

/// One line of an answers file.
struct AnswerLine {
  std::string text;  ///< what the user message must contain
  std::string answer;
};

/// One row of a dataset.
struct DatasetRow {
  std::string question;
  std::string schema;  ///< may be empty
  std::string gold;
};

/// Decides what the simulator says. Answers depend on the request and the book only, never on
/// order or time. Thread: any number may ask at once.
class AnswerBook {
 public:
  /// A book that knows nothing: every prompt gets kUnknownAnswer.
  AnswerBook() = default;
  /// Answers with the answer of the longest text inside the user message; of equal texts the first.
  static AnswerBook from_lines(std::vector<AnswerLine> lines);
  /// Answers with the gold of the longest question inside the user message, with mistakes. Among
  /// rows that share the question, that whose schema is in the message too (the longest one).
  static AnswerBook from_dataset(std::vector<DatasetRow> rows, MistakeRates rates);

  /// Appends the answer to `out`. `decision` selects the mistakes.
  void append_answer(std::string_view user_message, std::uint64_t decision, std::string& out) const;

 private:
  [[nodiscard]] const DatasetRow& row_for(std::uint32_t question, std::string_view message) const;

  SubstringIndex index_;
  std::vector<std::string> answers_;  ///< by pattern; of a book made of lines
  std::vector<DatasetRow> rows_;
  std::vector<std::vector<std::uint32_t>> rows_of_question_;  ///< by pattern
  std::unordered_map<std::string_view, std::vector<std::string_view>> golds_of_schema_;
  MistakeRates rates_;
};

}  // namespace fd::simulator
