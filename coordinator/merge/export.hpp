#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "actors/stages/prompt.hpp"
#include "coordinator/merge/merge_output.hpp"
#include "coordinator/shards/sample_row.hpp"
#include "protocol/base/digest.hpp"
#include "protocol/base/result.hpp"
#include "protocol/run_config.hpp"
#include "protocol/run_dir.hpp"

namespace fd {

/// Returns where `id` falls in [0, 1]: the first four bytes of the SHA-256 of its hexadecimal text,
/// big-endian, over 2^32 - 1.
double split_position(const SampleId& id);

/// Returns whether a row goes to train.jsonl; with a ratio of 0 or less none does, with 1 or more
/// all do.
bool in_train(const SampleId& id, double train_ratio);

/// A kept sample as a row of the dataset, in two spellings of the same JSON.
struct ChatRow {
  std::string line;       ///< of train.jsonl: "role" before "content", as chat data is written;
                          ///< U+2028 and U+2029 escaped
  std::string canonical;  ///< RFC 8785: what the manifest of the stage distilled covers
};

/// What an export came to.
struct ExportFiles {
  std::uint64_t train_rows = 0;
  std::uint64_t valid_rows = 0;
  std::uint64_t rejected_rows = 0;
  FileEntry train;
  FileEntry valid;
  FileEntry rejected;
};

/// Writes export/{train,valid,rejected}.jsonl as the samples pass in id order.
class Exporter {
 public:
  /// Lifetime: not longer than `output`. Errors: invalid_input (the prompt template), storage.
  static Result<Exporter> create(const RunDir& dir, const RunConfig& config, MergeOutput& output);

  /// Takes a sample. The row it returns is that of a kept one, and good until the next call.
  /// Errors: corrupt, for a kept sample without a recorded answer; storage.
  Result<const ChatRow*> add(const MergeRow& row);
  /// Ends the files. Errors: storage.
  Result<ExportFiles> commit();

 private:
  using File = std::unique_ptr<DerivedFile>;

  Exporter(PromptStage prompt, double train_ratio, File train, File valid, File rejected);
  Result<void> add_kept(const MergeRow& row);
  Result<void> add_rejected(const MergeRow& row);
  void render(const MergeRow& row);

  PromptStage prompt_;
  double train_ratio_;
  File train_;
  File valid_;
  File rejected_;
  ExportFiles files_;
  Sample sample_;  ///< reused for the prompt
  ChatRow chat_;
  std::string text_;
};

}  // namespace fd
