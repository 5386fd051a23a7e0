#include "worker/database_client.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base/mutant.hpp"

namespace fd {
namespace {

constexpr Duration kDatabaseTimeout = std::chrono::seconds(2);

}  // namespace

DatabaseClient::Presence DatabaseClient::want(const std::string& database) {
  const auto digest = Digest::from_hex(database);
  if (!digest) {
    return Presence::here;  // it names none
  }
  if (const auto found = here_.find(*digest); found != here_.end() && !found->second.distrusted) {
    used_.splice(used_.begin(), used_, found->second.place);
    return Presence::here;
  }
  if (given_up_.contains(*digest)) {
    return Presence::given_up;
  }
  const auto [wanted, fresh] = wanted_.try_emplace(*digest);
  ++wanted->second.waiting;
  if (fresh) {
    if (const auto left = left_.extract(*digest)) {
      wanted->second.received = left.mapped();
    }
    wanted->second.look = ++looks_;
    store_.look(*digest, looks_);
  }
  return Presence::coming;
}

void DatabaseClient::unwant(const std::string& database) {
  const auto wanted = wanted_.find(Digest::from_hex(database).value_or(Digest{}));
  FD_CHECK(wanted != wanted_.end() && wanted->second.waiting > 0);
  if (--wanted->second.waiting == 0) {
    leave(wanted->first, wanted->second);
    wanted_.erase(wanted);
  }
}

/// What has come of it stays, as long as there is room.
void DatabaseClient::leave(const Digest& digest, const Wanted& wanted) {
  if (wanted.received > 0) {
    left_[digest] = wanted.received;
  }
}

void DatabaseClient::pin(const std::string& database) {
  if (const auto digest = Digest::from_hex(database)) {
    ++here_.at(*digest).pins;
  }
}

void DatabaseClient::unpin(const std::string& database) {
  if (const auto digest = Digest::from_hex(database)) {
    const auto here = here_.find(*digest);
    FD_CHECK(here != here_.end() && here->second.pins > 0);
    if (--here->second.pins == 0 && here->second.distrusted) {
      leave(here);
    }
  }
}

void DatabaseClient::distrust(const std::string& database) {
  const auto digest = Digest::from_hex(database);
  const auto here = digest ? here_.find(*digest) : here_.end();
  if (here == here_.end()) {
    return;
  }
  here->second.distrusted = true;
  if (here->second.pins == 0) {
    leave(here);
  }
}

/// Forgets that a database is here; its file stays.
void DatabaseClient::leave(std::map<Digest, Here>::iterator here) {
  if (!wanted_.contains(here->first)) {
    left_[here->first] = here->second.bytes;
  }
  used_.erase(here->second.place);
  here_.erase(here);
}

DatabaseClient::Wanted* DatabaseClient::find(const Digest& digest, Wanted::Step step) {
  const auto found = wanted_.find(digest);
  return found == wanted_.end() || found->second.step != step ? nullptr : &found->second;
}

void DatabaseClient::take(const DatabasesListed& listed) {
  for (const DatabasesListed::File& file : listed.files) {
    if (const auto wanted = wanted_.find(file.digest); wanted != wanted_.end()) {
      wanted->second.received = file.bytes;  // it is being looked for
    } else {
      left_[file.digest] = FD_MUTANT(earlier_files_not_counted) ? 0 : file.bytes;
    }
  }
  while (bytes() > max_bytes_ && evict(Digest{})) {
  }
}

void DatabaseClient::take(const DatabaseLooked& looked) {
  Wanted* wanted = find(looked.digest, Wanted::Step::looking);
  if (wanted == nullptr || wanted->look != looked.look) {
    return;  // of an earlier wish: the file may be gone by now
  }
  if (looked.bytes && *looked.bytes > max_bytes_) {
    give_up_large(looked.digest, *looked.bytes);
    ask();
    return;
  }
  if (looked.bytes && (here_.contains(looked.digest) || make_room(looked.digest, *looked.bytes))) {
    enter(looked.digest, *looked.bytes);
    ask();
    return;
  }
  if (looked.bytes) {
    store_.remove(looked.digest);  // it is fetched again when there is room for it
    wanted->total = *looked.bytes;
  }
  wanted->step = Wanted::Step::waiting;
  wanted->received = looked.received;
  if (looked.received > 0) {
    log_.info("database_goes_on",
              {{"digest", looked.digest.hex()}, {"offset", std::to_string(looked.received)}});
  }
  ask();
}

void DatabaseClient::take(DatabaseChunk chunk) {
  const Digest digest = chunk.digest;
  Wanted* wanted = find(digest, Wanted::Step::asked);
  if (wanted == nullptr || chunk.offset != wanted->received ||
      (chunk.bytes.empty() && chunk.total > wanted->received)) {
    return;  // repeated, or nobody wants it any more
  }
  if (chunk.total > max_bytes_) {
    give_up_large(digest, chunk.total);
    ask();
    return;
  }
  wanted->asks = 0;
  wanted->total = chunk.total;
  if (!make_room(digest, chunk.total)) {
    wanted->step = Wanted::Step::waiting;  // until less of what is here is pinned
    ask();
    return;
  }
  wanted->step = Wanted::Step::adding;
  store_.add(std::move(chunk));
}

void DatabaseClient::take(const DatabaseAdded& added) {
  Wanted* wanted = find(added.digest, Wanted::Step::adding);
  if (wanted == nullptr) {
    // Of an earlier wish. If it is wanted again, it is being looked for, behind this piece.
    if (!wanted_.contains(added.digest) && added.received > 0) {
      left_[added.digest] = added.received;
    }
    return;
  }
  if (added.error && added.error->code != Errc::corrupt) {
    // The shards that need it go to a worker whose disk takes it.
    news_.disk_failed = added.error;
    return;
  }
  if (added.whole) {
    enter(added.digest, added.received);
    ask();
    return;
  }
  wanted->step = Wanted::Step::waiting;
  wanted->received = added.received;
  if (added.error) {
    ++wanted->damaged;
    log_.warn("database_damaged",
              {{"why", added.error->message}, {"times", std::to_string(wanted->damaged)}});
    if (wanted->damaged >= kDamagedMax) {
      give_up(added.digest, added.error->message + ", " + std::to_string(kDamagedMax) + " times");
    }
    ask();
    return;
  }
  ask(added.digest, *wanted);
}

void DatabaseClient::enter(const Digest& digest, std::uint64_t bytes) {
  wanted_.erase(digest);
  if (const auto here = here_.find(digest); here != here_.end()) {
    here->second.distrusted = false;  // looked at, or fetched again, while somebody had it pinned
  } else {
    used_.push_front(digest);
    here_[digest] = Here{bytes, 0, false, used_.begin()};
  }
  news_.arrived.push_back(digest);
}

std::uint64_t DatabaseClient::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [digest, here] : here_) {
    bytes += here.bytes;
  }
  for (const auto& [digest, wanted] : wanted_) {
    bytes += wanted.received;
  }
  for (const auto& [digest, left] : left_) {
    bytes += left;
  }
  return bytes;
}

/// Returns whether a database of `needed` bytes fits beside what must stay: what is pinned, what is
/// being looked at, and the whole of what is on its way.
bool DatabaseClient::has_room(const Digest& digest, std::uint64_t needed) const {
  for (const auto& [other, here] : here_) {
    needed += here.pins > 0 ? here.bytes : 0;
  }
  for (const auto& [other, wanted] : wanted_) {
    if (other != digest && wanted.step != Wanted::Step::waiting) {
      needed += std::max(wanted.received, wanted.total);
    }
  }
  return needed <= max_bytes_;
}

/// Evicts until a database of `needed` bytes fits. Returns whether it does.
bool DatabaseClient::make_room(const Digest& digest, std::uint64_t needed) {
  if (!has_room(digest, needed)) {
    return false;
  }
  const std::uint64_t received = wanted_.at(digest).received;
  while (bytes() - received + needed > max_bytes_ && evict(digest)) {
  }
  return true;
}

/// Removes one file that may go: first what nobody wants, then what is here and not pinned, the
/// least recently used first, last what has come of a database that waits for room. Returns false
/// when there is none.
bool DatabaseClient::evict(const Digest& kept) {
  if (const auto left = left_.begin(); left != left_.end()) {
    store_.remove(left->first);
    left_.erase(left);
    return true;
  }
  const auto unpinned = std::find_if(used_.rbegin(), used_.rend(), [&](const Digest& digest) {
    return here_.at(digest).pins == 0 || FD_MUTANT(pinned_database_evicted);
  });
  if (unpinned != used_.rend()) {
    store_.remove(*unpinned);
    here_.erase(*unpinned);
    used_.erase(std::next(unpinned).base());
    return true;
  }
  const auto part = std::ranges::find_if(wanted_, [&](const auto& entry) {
    return entry.first != kept && entry.second.step == Wanted::Step::waiting &&
           entry.second.received > 0;
  });
  if (part != wanted_.end()) {
    store_.remove(part->first);
    part->second.received = 0;
    return true;
  }
  return false;
}

/// Nobody's samples can have it.
void DatabaseClient::give_up_large(const Digest& digest, std::uint64_t bytes) {
  give_up(Digest(digest), "database " + digest.hex() + " has " + std::to_string(bytes) +
                              " bytes and does not fit into the cache of " +
                              std::to_string(max_bytes_) + " bytes (--cache-mb)");
}

void DatabaseClient::give_up(const Digest& digest, std::string why) {
  log_.error("database_given_up", {{"why", why}});
  wanted_.erase(digest);
  store_.remove(digest);
  given_up_.emplace(digest, why);
  news_.given_up.emplace_back(digest, std::move(why));
}

bool DatabaseClient::asking() const {
  return std::ranges::any_of(
      wanted_, [](const auto& entry) { return entry.second.step == Wanted::Step::asked; });
}

/// One at a time: on a slow link two would only halve what either gets.
void DatabaseClient::ask() {
  const auto busy = std::ranges::find_if(wanted_, [](const auto& entry) {
    return entry.second.step == Wanted::Step::asked || entry.second.step == Wanted::Step::adding;
  });
  if (busy != wanted_.end()) {
    if (busy->second.step == Wanted::Step::asked) {
      ask_again(busy->first, busy->second);
    }
    return;
  }
  const auto next = std::ranges::find_if(wanted_, [&](const auto& entry) {
    return entry.second.step == Wanted::Step::waiting && has_room(entry.first, entry.second.total);
  });
  if (next != wanted_.end()) {
    ask(next->first, next->second);
  }
}

/// A request is repeated once it, or its answer, is known to be lost, and not for ever.
void DatabaseClient::ask_again(const Digest& digest, Wanted& wanted) {
  if (clock_.now() < wanted.asked + kDatabaseTimeout || !core_.bulk().passed(wanted.mark)) {
    return;
  }
  if (++wanted.asks >= kAsksMax) {
    give_up(Digest(digest), "database " + digest.hex() + " was asked for " +
                                std::to_string(kAsksMax) + " times without an answer");
    ask();
    return;
  }
  log_.warn("database_asked_again",
            {{"digest", digest.hex()}, {"times", std::to_string(wanted.asks)}});
  ask(digest, wanted);
}

void DatabaseClient::ask(const Digest& digest, Wanted& wanted) {
  wanted.step = Wanted::Step::asked;
  wanted.asked = clock_.now();
  wanted.mark = core_.bulk().mark();
  send_(FetchDatabase{digest, wanted.received});
}

void DatabaseClient::forget() {
  for (const auto& [digest, wanted] : wanted_) {
    leave(digest, wanted);
  }
  wanted_.clear();
  given_up_.clear();
  news_ = {};
  for (auto here = here_.begin(); here != here_.end();) {
    const auto one = here++;
    one->second.pins = 0;
    if (one->second.distrusted) {
      leave(one);
    }
  }
}

}  // namespace fd
