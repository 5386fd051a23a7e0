#include "coordinator/control/shard_loader.hpp"

#include "coordinator/shards/files.hpp"

namespace fd {

Result<LoadedShard> ShardLoader::load(std::uint32_t shard) const {
  LoadedShard loaded;
  loaded.shard = shard;
  FD_TRY(loaded.samples, read_shard_input(dir_, shard));
  if (ledger_ != nullptr) {
    FD_TRY(loaded.recorded, ledger_->records(shard));
  }
  if (beside_) {
    FD_TRY(loaded.beside, beside_(shard, loaded.samples));
  }
  return loaded;
}

}  // namespace fd
