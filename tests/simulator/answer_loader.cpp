#include "tests/simulator/answer_loader.hpp"

#include <fstream>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/json/json.hpp"
#include "tests/simulator/refuse.hpp"

namespace fd::simulator {
namespace {

using LineHandler = std::function<Result<void>(const std::string& line, std::size_t number)>;

/// Gives each line that is not empty to `handle`; ends at its first error.
Result<void> for_each_line(const std::string& path, const LineHandler& handle) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    return Error{Errc::not_found, path + ": cannot be opened"};
  }
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      FD_TRY_VOID(handle(line, number));
    }
  }
  if (file.bad()) {
    return Error{Errc::storage, path + ": cannot be read"};
  }
  return {};
}

std::string place(const std::string& path, std::size_t number) {
  return path + ":" + std::to_string(number);
}

Result<std::string> text_of(const json::RowParser& row, std::string_view key) {
  if (row.member(key) == json::RowParser::Member::missing) {
    return refuse(std::string(key) + ": missing");
  }
  const auto text = row.string(key);
  if (!text) {
    return refuse(std::string(key) + ": must be a string");
  }
  return std::string(*text);
}

Result<AnswerLine> read_answer(json::RowParser& row, const std::string& line) {
  FD_TRY_VOID(row.parse(line));
  std::optional<std::string_view> text_key;
  for (const std::string_view key : row.keys()) {
    if (key == "contains" || key == "question") {
      if (text_key) {
        return refuse("contains and question exclude each other");
      }
      text_key = key;
    } else if (key != "answer") {
      return refuse(std::string(key) + ": unknown key; known are contains, question and answer");
    }
  }
  if (!text_key) {
    return refuse("contains: missing (or question)");
  }
  AnswerLine answer;
  FD_TRY(answer.text, text_of(row, *text_key));
  FD_TRY(answer.answer, text_of(row, "answer"));
  if (answer.text.empty()) {
    return refuse(std::string(*text_key) + ": must not be empty");
  }
  return answer;
}

Result<DatasetRow> read_row(json::RowParser& row, const std::string& line,
                            const DatasetFields& fields) {
  FD_TRY_VOID(row.parse(line));
  DatasetRow read;
  FD_TRY(read.question, text_of(row, fields.question));
  FD_TRY(read.gold, text_of(row, fields.gold));
  read.schema = row.string(fields.schema).value_or("");
  if (read.question.empty()) {
    return refuse(fields.question + ": must not be empty");
  }
  return read;
}

}  // namespace

Result<AnswerBook> load_answers(const std::string& path) {
  struct Seen {
    std::string answer;
    std::size_t line = 0;
  };
  json::RowParser row;
  std::vector<AnswerLine> lines;
  std::unordered_map<std::string, Seen> seen;
  FD_TRY_VOID(for_each_line(path, [&](const std::string& line, std::size_t number) -> Result<void> {
    auto answer = read_answer(row, line);
    if (!answer.ok()) {
      return answer.error().within(place(path, number));
    }
    const auto [before, added] = seen.try_emplace(answer->text, Seen{answer->answer, number});
    if (!added && before->second.answer != answer->answer) {
      return refuse(place(path, number) + ": the text of line " +
                    std::to_string(before->second.line) + " again, with another answer");
    }
    if (added) {
      lines.push_back(std::move(*answer));
    }
    return {};
  }));
  if (lines.empty()) {
    return refuse(path + ": has no answer");
  }
  return AnswerBook::from_lines(std::move(lines));
}

Result<LoadedDataset> load_dataset(const std::string& path, const DatasetFields& fields,
                                   const MistakeRates& rates) {
  json::RowParser row;
  std::vector<DatasetRow> rows;
  LoadedDataset loaded;
  FD_TRY_VOID(for_each_line(path, [&](const std::string& line, std::size_t number) -> Result<void> {
    auto read = read_row(row, line, fields);
    if (read.ok()) {
      rows.push_back(std::move(*read));
    } else if (loaded.skipped++ == 0) {
      loaded.first_skipped = read.error().within(place(path, number)).message;
    }
    return {};
  }));
  if (rows.empty()) {
    return refuse(path + ": has no usable row" +
                  (loaded.skipped > 0 ? " (" + loaded.first_skipped + ")" : ""));
  }
  loaded.book = AnswerBook::from_dataset(std::move(rows), rates);
  return loaded;
}

}  // namespace fd::simulator
