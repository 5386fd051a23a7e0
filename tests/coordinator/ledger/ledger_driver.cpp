#include "tests/coordinator/ledger/ledger_driver.hpp"

#include <tuple>

namespace fd {
namespace {

bool same_lease(const LeaseGranted& left, const LeaseGranted& right) {
  return std::tie(left.shard, left.fence, left.worker, left.incarnation) ==
         std::tie(right.shard, right.fence, right.worker, right.incarnation);
}

}  // namespace

Record answer_record(std::uint32_t shard, const std::string& text) {
  Record record;
  record.shard = shard;
  record.answer.emplace();
  record.answer->text = text;
  return record;
}

void LedgerImage::add(const LedgerBatch& batch) {
  for (const LedgerEvent& event : batch) {
    if (const auto* lease = std::get_if<LeaseGranted>(&event)) {
      leases[lease->shard] = *lease;
    } else if (const auto* made = std::get_if<Decision>(&event)) {
      const ShareGranted share = share_of(*made).value();
      shares[share.incarnation] = share;
      if (share.calls == 0) {
        shares.erase(share.incarnation);
      }
    } else {
      const Record& record = std::get<Record>(event);
      records[record.shard].push_back(record);
    }
  }
}

bool same(const LedgerImage& left, const LedgerImage& right) {
  if (left.leases.size() != right.leases.size() || left.records.size() != right.records.size()) {
    return false;
  }
  for (const auto& [shard, lease] : left.leases) {
    const auto other = right.leases.find(shard);
    if (other == right.leases.end() || !same_lease(lease, other->second)) {
      return false;
    }
  }
  return left.records == right.records && left.shares == right.shares;
}

Result<LedgerImage> read_image(Ledger& ledger, const LedgerStart& start, std::uint32_t shards) {
  LedgerImage image;
  for (const LeaseGranted& lease : start.leases) {
    image.leases[lease.shard] = lease;
  }
  image.shares = start.shares;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    FD_TRY(std::vector<Record> records, ledger.records(shard));
    if (!records.empty()) {
      image.records[shard] = std::move(records);
    }
  }
  return image;
}

std::optional<std::size_t> prefix_of(const std::vector<LedgerBatch>& batches, std::size_t from,
                                     const LedgerImage& image) {
  LedgerImage expected;
  for (std::size_t count = 0; count <= batches.size(); ++count) {
    if (count > 0) {
      expected.add(batches[count - 1]);
    }
    if (count >= from && same(expected, image)) {
      return count;
    }
  }
  return std::nullopt;
}

LedgerBatch LedgerEvents::batch() {
  LedgerBatch events;
  for (std::uint64_t left = below(5); left > 0; --left) {
    const auto shard = static_cast<std::uint32_t>(below(shards_));
    if (below(4) == 0) {
      LeaseGranted lease;
      lease.shard = shard;
      lease.fence = ++fence_;
      lease.worker = "w" + std::to_string(below(3));
      lease.incarnation = random_();
      events.emplace_back(lease);
      continue;
    }
    if (below(6) == 0) {
      events.emplace_back(
          decision(ShareGranted{"w", 1 + below(3), static_cast<std::uint32_t>(below(3))}));
      continue;
    }
    // Now and then a row that needs pages of its own.
    const std::uint64_t size = below(20) == 0 ? 4000 + below(9000) : below(900);
    Record record = answer_record(
        shard, std::to_string(++count_) +
                   std::string(static_cast<std::size_t>(size), static_cast<char>('a' + below(26))));
    record.fence = fence_;
    if (below(3) == 0) {
      record.answer.reset();
      record.outcome.emplace();
      record.outcome->verdict = Verdict::kept;
      record.outcome->reason = Reason::none;
      record.outcome->times = {{StageId::teacher, count_, 0}};
    }
    events.emplace_back(std::move(record));
  }
  return events;
}

LedgerDriver::LedgerDriver(Ledger& ledger) : ledger_(ledger) {
  ledger_.on_failure([state = state_](Error error) {
    const std::lock_guard lock(state->mutex);
    state->failure = std::move(error);
    state->changed.notify_all();
  });
}

std::size_t LedgerDriver::commit(const std::vector<LedgerBatch>& batches) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.held = false;
  state.released = false;
  state.acknowledged = 0;
  lock.unlock();
  // The ledger's thread stands still in this callback until the whole group is queued.
  ledger_.append({}, [shared = state_] {
    std::unique_lock inner(shared->mutex);
    shared->held = true;
    shared->changed.notify_all();
    shared->changed.wait(inner, [&] { return shared->released; });
  });
  lock.lock();
  state.changed.wait(lock, [&] { return state.held || state.failure.has_value(); });
  lock.unlock();
  for (const LedgerBatch& batch : batches) {
    ledger_.append(batch, [shared = state_] {
      const std::lock_guard inner(shared->mutex);
      shared->acknowledged += 1;
      shared->changed.notify_all();
    });
  }
  lock.lock();
  state.released = true;
  state.changed.notify_all();
  state.changed.wait(
      lock, [&] { return state.acknowledged == batches.size() || state.failure.has_value(); });
  return state.acknowledged;
}

std::optional<Error> LedgerDriver::failure() {
  const std::lock_guard lock(state_->mutex);
  return state_->failure;
}

}  // namespace fd
