#include "tests/simulator/answer_book.hpp"

#include <unordered_set>
#include <utility>

namespace fd::simulator {

AnswerBook AnswerBook::from_lines(std::vector<AnswerLine> lines) {
  AnswerBook book;
  std::vector<std::string> patterns;
  patterns.reserve(lines.size());
  for (AnswerLine& line : lines) {
    patterns.push_back(std::move(line.text));
    book.answers_.push_back(std::move(line.answer));
  }
  book.index_ = SubstringIndex(std::move(patterns));
  return book;
}

AnswerBook AnswerBook::from_dataset(std::vector<DatasetRow> rows, MistakeRates rates) {
  AnswerBook book;
  book.rates_ = rates;
  book.rows_ = std::move(rows);  // from here on addresses are stable
  std::vector<std::string> questions;
  std::unordered_map<std::string_view, std::uint32_t> known;
  std::unordered_map<std::string_view, std::unordered_set<std::string_view>> seen;
  for (std::uint32_t index = 0; index < book.rows_.size(); ++index) {
    const DatasetRow& row = book.rows_[index];
    const auto next = static_cast<std::uint32_t>(questions.size());
    const auto [place, added] = known.emplace(row.question, next);
    if (added) {
      questions.push_back(row.question);
      book.rows_of_question_.emplace_back();
    }
    book.rows_of_question_[place->second].push_back(index);
    if (seen[row.schema].insert(row.gold).second) {
      book.golds_of_schema_[row.schema].push_back(row.gold);
    }
  }
  book.index_ = SubstringIndex(std::move(questions));
  return book;
}

const DatasetRow& AnswerBook::row_for(std::uint32_t question, std::string_view message) const {
  const std::vector<std::uint32_t>& rows = rows_of_question_[question];
  const DatasetRow* best = &rows_[rows.front()];
  if (rows.size() == 1) {
    return *best;
  }
  std::size_t best_size = 0;
  for (const std::uint32_t index : rows) {
    const DatasetRow& row = rows_[index];
    if (row.schema.size() > best_size && message.find(row.schema) != std::string_view::npos) {
      best = &row;
      best_size = row.schema.size();
    }
  }
  return *best;
}

void AnswerBook::append_answer(std::string_view user_message, std::uint64_t decision,
                               std::string& out) const {
  const auto found = index_.longest_in(user_message);
  if (!found) {
    out.append(kUnknownAnswer);
  } else if (!answers_.empty()) {
    out.append(answers_[*found]);
  } else {
    const DatasetRow& row = row_for(*found, user_message);
    append_mistaken(row.gold, golds_of_schema_.find(row.schema)->second, rates_, decision, out);
  }
}

}  // namespace fd::simulator
