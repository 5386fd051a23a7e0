#pragma once

#include <cstddef>
#include <string>

#include "protocol/base/result.hpp"
#include "tests/simulator/answer_book.hpp"

namespace fd::simulator {

/// Which fields of a dataset's rows hold what.
struct DatasetFields {
  std::string question;
  std::string gold;
  std::string schema;
};

/// A book with what was left out of it.
struct LoadedDataset {
  AnswerBook book;
  std::size_t skipped = 0;    ///< rows that could not be used
  std::string first_skipped;  ///< "FILE:LINE: why" of the first of them
};

/// Reads a file of answer lines. Errors: invalid_input naming file, line and key (no JSON object,
/// an unknown key, neither or both of `contains` and `question`, an empty text, a text that has
/// another answer on an earlier line), not_found when it cannot be opened.
Result<AnswerBook> load_answers(const std::string& path);

/// Reads a dataset. A row without question or gold is skipped: datasets with bad rows are what the
/// engine's own checks are tried with. Errors: invalid_input when no row is usable, not_found when
/// it cannot be opened.
Result<LoadedDataset> load_dataset(const std::string& path, const DatasetFields& fields,
                                   const MistakeRates& rates);

}  // namespace fd::simulator
