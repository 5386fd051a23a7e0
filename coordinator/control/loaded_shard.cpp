#include "coordinator/control/loaded_shard.hpp"

#include <cstddef>
#include <utility>

#include "coordinator/shards/record_fold.hpp"
#include "protocol/base/mutant.hpp"

namespace fd {

Result<FoldedShard> fold(LoadedShard loaded, std::uint32_t count) {
  if (loaded.samples.size() != count) {
    return Error{Errc::corrupt, "shard " + std::to_string(loaded.shard) + ": has " +
                                    std::to_string(loaded.samples.size()) + " samples, and had " +
                                    std::to_string(count) + " when the run began"};
  }
  FoldedShard folded;
  folded.store.result.shard = folded.event.shard = loaded.shard;
  for (const Sample& sample : loaded.samples) {
    folded.event.ids.push_back(sample.id);
  }
  folded.store.samples = std::move(loaded.samples);
  RecordFold counted(folded.event.ids);
  const std::size_t in_files = records_in_files(folded.event.ids.size(), loaded.recorded);
  for (std::size_t i = 0; i < loaded.recorded.size(); ++i) {
    Record& record = loaded.recorded[i];
    counted.pass(record);
    if (record.outcome && record.outcome->verdict == Verdict::failed &&
        !FD_MUTANT(failed_is_final)) {
      record.outcome.reset();  // it is asked again
    }
    if (i < in_files) {
      folded.store.keep(record);
    }
  }
  folded.event.recorded = std::move(loaded.recorded);
  for (Record& record : loaded.beside) {
    counted.pass(record);
    if (record.answer || record.call) {
      folded.event.reused.push_back(std::move(record));
    }
  }
  return folded;
}

}  // namespace fd
