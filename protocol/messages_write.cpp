// How messages are written. Keys are the numbers here; they are never reused. messages_read.cpp is
// the other half.

#include "protocol/messages.hpp"

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace fd {
namespace {

/// Appends to a std::string: the stream that msgpack's packer wants.
class StringSink {
 public:
  explicit StringSink(std::string& out) : out_(out) {}
  void write(const char* data, std::size_t size) { out_.append(data, size); }

 private:
  std::string& out_;
};
using Packer = msgpack::packer<StringSink>;
void put_bytes(Packer& packer, std::string_view bytes) {
  packer.pack_bin(static_cast<std::uint32_t>(bytes.size()));
  packer.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}
void put(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}
void put(Packer& packer, const std::string& text) {
  put(packer, std::string_view(text));
}
void put(Packer& packer, std::uint64_t value) {
  packer.pack_uint64(value);
}
void put(Packer& packer, std::uint32_t value) {
  packer.pack_uint32(value);
}
void put(Packer& packer, std::uint8_t value) {
  packer.pack_uint8(value);
}
void put(Packer& packer, bool value) {
  if (value) {
    packer.pack_true();
  } else {
    packer.pack_false();
  }
}
void put(Packer& packer, double value) {
  packer.pack_double(value);
}
void put(Packer& packer, const Digest& digest) {
  put_bytes(packer, {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
}

template <class T>
void put(Packer& packer, const std::vector<T>& items) {
  packer.pack_array(static_cast<std::uint32_t>(items.size()));
  for (const T& item : items) {
    put(packer, item);
  }
}

/// Writes one map; the number of fields is said up front, as msgpack wants it.
class MapWriter {
 public:
  MapWriter(Packer& packer, std::uint32_t fields) : packer_(packer) { packer_.pack_map(fields); }
  template <class T>
  MapWriter& field(std::uint8_t key, const T& value) {
    packer_.pack_uint8(key);
    put(packer_, value);
    return *this;
  }
  MapWriter& bytes(std::uint8_t key, std::string_view value) {
    packer_.pack_uint8(key);
    put_bytes(packer_, value);
    return *this;
  }
  template <class T>
  MapWriter& optional(std::uint8_t key, const std::optional<T>& value) {
    packer_.pack_uint8(key);
    if (value) {
      put(packer_, *value);
    } else {
      packer_.pack_nil();
    }
    return *this;
  }

 private:
  Packer& packer_;
};

void put(Packer& packer, StageId stage) {
  put(packer, static_cast<std::uint8_t>(stage));
}
void put(Packer& packer, const HeldLease& lease) {
  MapWriter(packer, 4)
      .field(1, lease.shard)
      .field(2, lease.fence)
      .field(3, lease.unfetched)
      .field(4, lease.outstanding);
}
void put(Packer& packer, const GrantedLease& lease) {
  MapWriter(packer, 3).field(1, lease.shard).field(2, lease.fence).field(3, lease.count);
}
void put(Packer& packer, const PeerInfo& peer) {
  MapWriter(packer, 6)
      .field(1, peer.name)
      .field(2, peer.endpoint)
      .field(3, peer.key)
      .field(4, peer.stages)
      .field(5, peer.incarnation)
      .field(6, peer.threads);
}
void put(Packer& packer, const Sample& sample) {
  MapWriter(packer, 6)
      .field(1, sample.id)
      .field(2, sample.ordinal)
      .field(3, sample.canonical_input)
      .field(4, sample.id_fields)
      .optional(5, sample.gold)
      .field(6, sample.database);
}
void put(Packer& packer, const Answer& answer) {
  MapWriter(packer, 7)
      .field(1, answer.sample_id)
      .field(2, answer.call_key)
      .field(3, answer.candidate)
      .field(4, answer.served_model)
      .field(5, answer.text)
      .field(6, answer.reasoning)
      .field(7, answer.finish_reason);
}
void put(Packer& packer, const Call& call) {
  MapWriter(packer, 11)
      .field(1, call.sample_id)
      .field(2, call.call_key)
      .field(3, call.candidate)
      .field(4, call.endpoint)
      .field(5, call.attempts)
      .field(6, call.http_status)
      .field(7, call.prompt_tokens)
      .field(8, call.completion_tokens)
      .field(9, call.queue_us)
      .field(10, call.service_us)
      .field(11, call.error);
}
void put(Packer& packer, const Candidate& candidate) {
  MapWriter(packer, 11)
      .field(1, candidate.index)
      .field(2, candidate.call_key)
      .field(3, candidate.text)
      .field(4, candidate.clean_rule)
      .field(5, static_cast<std::uint8_t>(candidate.rule))
      .field(6, static_cast<std::uint8_t>(candidate.exec))
      .field(7, candidate.error_class)
      .field(8, candidate.signature)
      .optional(9, candidate.gold_match)
      .optional(10, candidate.score)
      .optional(11, candidate.judge);
}
void put(Packer& packer, const StageTime& time) {
  packer.pack_array(3);
  put(packer, time.stage);
  put(packer, time.queue_us);
  put(packer, time.service_us);
}
/// Key 7 was the times of six stages, each at the place of its number.
void put(Packer& packer, const Outcome& outcome) {
  MapWriter(packer, 7)
      .field(1, outcome.sample_id)
      .field(2, static_cast<std::uint8_t>(outcome.verdict))
      .field(3, static_cast<std::uint8_t>(outcome.reason))
      .optional(4, outcome.chosen)
      .field(5, outcome.gold_failed)
      .field(6, outcome.candidates)
      .field(8, outcome.times);
}
void put(Packer& packer, const SampleItem& item) {
  MapWriter(packer, 2).field(1, item.sample).field(2, item.answers);
}
void put(Packer& packer, const Record& record) {
  MapWriter map(packer, record.follows_from ? 6 : 5);
  map.field(1, record.shard)
      .field(2, record.fence)
      .optional(3, record.answer)
      .optional(4, record.call)
      .optional(5, record.outcome);
  if (record.follows_from) {
    map.optional(6, record.follows_from);
  }
}

void put(Packer& packer, const std::optional<Reason>& failure) {
  put(packer, static_cast<std::uint8_t>(failure.value_or(Reason::none)));
}
void put(Packer& packer, const StageItem& item) {
  MapWriter(packer, 5)
      .field(1, item.sample)
      .field(2, item.answers)
      .field(3, item.candidates)
      .field(4, item.gold_failed)
      .field(5, item.failure);
}
/// Key 4 was the time of the one stage that a request could name, key 5 times in the stages' order.
void put(Packer& packer, const StageEvidence& evidence) {
  MapWriter(packer, 4)
      .field(1, evidence.candidates)
      .field(2, evidence.gold_failed)
      .field(3, evidence.failure)
      .field(6, evidence.times);
}

template <class Write>
std::string packed(Write write) {
  std::string out;
  StringSink sink(out);
  Packer packer(sink);
  write(packer);
  return out;
}

}  // namespace

std::string encode(const WorkerState& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 20)
        .field(1, m.name)
        .field(2, m.incarnation)
        .field(3, m.seq)
        .field(4, m.epoch)
        .optional(5, m.config)
        .field(6, m.leases)
        .field(7, m.slots_max)
        .field(8, m.in_flight)
        .field(9, m.leaving)
        .field(10, m.full_ms)
        .field(11, m.version)
        .field(12, m.stages)
        .field(13, m.draining)
        .field(14, m.heard)
        .field(15, m.peer_endpoint)
        .field(16, m.peer_key)
        .field(17, m.threads)
        .field(18, m.serving)
        .field(19, m.served)
        .field(20, m.policy);
  });
}
std::string encode(const Order& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 12)
        .field(1, m.epoch)
        .field(2, m.ack_seq)
        .field(3, m.incarnation)
        .field(4, m.config)
        .field(5, m.slots)
        .field(6, m.leases)
        .field(7, m.ttl_ms)
        .field(8, m.heartbeat_ms)
        .field(9, m.drain)
        .field(10, m.run_over)
        .field(11, m.peers)
        .field(12, m.refused);
  });
}
std::string encode(const RunSpec& m) {
  return packed(
      [&](Packer& packer) { MapWriter(packer, 2).field(1, m.config).field(2, m.config_json); });
}
std::string encode(const Fetch& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 5)
        .field(1, m.shard)
        .field(2, m.fence)
        .field(3, m.from)
        .field(4, m.count)
        .field(5, m.alone);
  });
}
std::string encode(const Samples& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 6)
        .field(1, m.shard)
        .field(2, m.fence)
        .field(3, m.from)
        .field(4, m.next)
        .field(5, m.items)
        .field(6, m.alone);
  });
}
std::string encode(const FetchDatabase& m) {
  return packed(
      [&](Packer& packer) { MapWriter(packer, 2).field(1, m.digest).field(2, m.offset); });
}
std::string encode(const DatabaseChunk& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 4).field(1, m.digest).field(2, m.offset).field(3, m.total).bytes(4, m.bytes);
  });
}
std::string encode(const Deliver& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 4)
        .field(1, m.incarnation)
        .field(2, m.epoch)
        .field(3, m.seq)
        .field(4, m.records);
  });
}
std::string encode(const Ack& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 3).field(1, m.incarnation).field(2, m.epoch).field(3, m.seq);
  });
}

std::string encode(const StageRequest& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 5)
        .field(1, m.id)
        .field(2, m.stage)
        .field(3, m.items)
        .field(4, m.last)
        .field(5, m.config);
  });
}
std::string encode(const StageReply& m) {
  return packed([&](Packer& packer) {
    MapWriter(packer, 3).field(1, m.id).field(2, m.items).field(3, m.not_now);
  });
}
std::string encode(const FlushMarker& m) {
  return packed(
      [&](Packer& packer) { MapWriter(packer, 2).field(1, m.incarnation).field(2, m.number); });
}
std::string encode(const Record& record) {
  return packed([&](Packer& packer) { put(packer, record); });
}

namespace {
std::size_t encoded_size_bound(const Answer& answer) {
  return 160 + answer.served_model.size() + answer.text.size() + answer.reasoning.size() +
         answer.finish_reason.size();
}
std::size_t encoded_size_bound(const Candidate& candidate) {
  return 256 + candidate.text.size() + candidate.clean_rule.size() + candidate.error_class.size() +
         candidate.signature.size();
}
std::size_t encoded_size_bound(const Sample& sample) {
  return 192 + sample.canonical_input.size() + sample.id_fields.size() +
         (sample.gold ? sample.gold->size() : 0);
}
}  // namespace

std::size_t encoded_size_bound(const Record& record) {
  std::size_t bytes = 64;
  if (record.answer) {
    bytes += encoded_size_bound(*record.answer);
  }
  if (record.call) {
    bytes += 192 + record.call->endpoint.size() + record.call->error.size();
  }
  if (record.outcome) {
    bytes += 256 + 24 * record.outcome->times.size();
    for (const Candidate& candidate : record.outcome->candidates) {
      bytes += encoded_size_bound(candidate);
    }
  }
  return bytes;
}

std::size_t encoded_size_bound(const SampleItem& item) {
  std::size_t bytes = encoded_size_bound(item.sample);
  for (const Answer& answer : item.answers) {
    bytes += encoded_size_bound(answer);
  }
  return bytes;
}

std::size_t encoded_size_bound(const StageItem& item) {
  std::size_t bytes = 32 + encoded_size_bound(item.sample);
  for (const Answer& answer : item.answers) {
    bytes += encoded_size_bound(answer);
  }
  for (const Candidate& candidate : item.candidates) {
    bytes += encoded_size_bound(candidate);
  }
  return bytes;
}

}  // namespace fd
