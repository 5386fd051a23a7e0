// How messages are read: whatever a peer sends ends in a whole message or in an error that names
// message and key. messages_write.cpp is the other half.

#include <algorithm>
#include <cmath>

#include "protocol/body_scan.hpp"
#include "protocol/messages.hpp"

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace fd {
namespace {

/// Reads one map. The first thing that is wrong is kept; later reads do nothing.
class MapReader {
 public:
  MapReader(const msgpack::object& object, std::string_view what, std::string& error)
      : what_(what), error_(error) {
    if (object.type != msgpack::type::MAP) {
      fail(0, "is no map");
      return;
    }
    map_ = &object.via.map;
    std::vector<std::uint64_t> seen;
    for (std::uint32_t i = 0; i < map_->size; ++i) {
      const msgpack::object& key = map_->ptr[i].key;
      if (key.type != msgpack::type::POSITIVE_INTEGER) {
        fail(0, "has a key that is no number");
        return;
      }
      if (std::find(seen.begin(), seen.end(), key.via.u64) != seen.end()) {
        fail(static_cast<unsigned>(key.via.u64), "stands twice");
        return;
      }
      seen.push_back(key.via.u64);
    }
  }

  MapReader& read(unsigned key, std::uint64_t& out) { return number(key, out, UINT64_MAX); }
  MapReader& read(unsigned key, std::uint32_t& out) {
    std::uint64_t wide = 0;
    number(key, wide, UINT32_MAX);
    out = static_cast<std::uint32_t>(wide);
    return *this;
  }
  MapReader& read(unsigned key, bool& out) {
    const msgpack::object* value = get(key);
    if (value != nullptr && value->type != msgpack::type::BOOLEAN) {
      return fail(key, "is no boolean");
    }
    out = value != nullptr && value->via.boolean;
    return *this;
  }
  MapReader& read(unsigned key, std::string& out) { return text(key, out, kMaxTextBytes); }
  MapReader& text(unsigned key, std::string& out, std::size_t max) {
    const msgpack::object* value = get(key);
    if (value == nullptr) {
      return *this;
    }
    if (value->type != msgpack::type::STR) {
      return fail(key, "is no text");
    }
    if (value->via.str.size > max) {
      return fail(key, "is too long");
    }
    out.assign(value->via.str.ptr, value->via.str.size);
    return json::valid_utf8(out) ? *this : fail(key, "is not UTF-8");
  }
  MapReader& read(unsigned key, Digest& out) {
    const msgpack::object* value = get(key);
    if (value == nullptr) {
      return *this;
    }
    if (value->type != msgpack::type::BIN || value->via.bin.size != out.bytes.size()) {
      return fail(key, "is no digest");
    }
    std::copy_n(reinterpret_cast<const std::uint8_t*>(value->via.bin.ptr), out.bytes.size(),
                out.bytes.begin());
    return *this;
  }
  MapReader& bytes(unsigned key, std::string& out, std::size_t max) {
    const msgpack::object* value = get(key);
    if (value == nullptr) {
      return *this;
    }
    if (value->type != msgpack::type::BIN) {
      return fail(key, "is no byte string");
    }
    if (value->via.bin.size > max) {
      return fail(key, "is too long");
    }
    out.assign(value->via.bin.ptr, value->via.bin.size);
    return *this;
  }
  MapReader& read(unsigned key, double& out) {
    const msgpack::object* value = get(key);
    if (value == nullptr) {
      return *this;
    }
    // msgpack-c packs a whole double as an integer.
    if (value->type == msgpack::type::POSITIVE_INTEGER) {
      out = static_cast<double>(value->via.u64);
    } else if (value->type == msgpack::type::NEGATIVE_INTEGER) {
      out = static_cast<double>(value->via.i64);
    } else if (value->type == msgpack::type::FLOAT64 && std::isfinite(value->via.f64)) {
      out = value->via.f64;
    } else {
      return fail(key, "is no finite number");
    }
    return *this;
  }
  /// An enumeration: `parse` gives nothing for a number that is none of it.
  template <class E, class Parse>
  MapReader& choice(unsigned key, E& out, Parse parse) {
    std::uint64_t wide = 0;
    number(key, wide, 255);
    if (!error_.empty()) {
      return *this;
    }
    if (const std::optional<E> value = parse(wide)) {
      out = *value;
      return *this;
    }
    return fail(key, "has an unknown value");
  }
  template <class T>
  MapReader& optional(unsigned key, std::optional<T>& out) {
    const msgpack::object* value = get(key);
    if (value == nullptr || value->type == msgpack::type::NIL) {
      return *this;
    }
    out.emplace();
    return read(key, *out);
  }
  template <class T, class Read>
  MapReader& optional(unsigned key, std::optional<T>& out, Read read_one) {
    const msgpack::object* value = get(key);
    if (value != nullptr && value->type != msgpack::type::NIL) {
      out.emplace();
      read_one(*value, *out, error_);
    }
    return *this;
  }
  template <class T, class Read>
  MapReader& one(unsigned key, T& out, Read read_one) {
    if (const msgpack::object* value = get(key)) {
      read_one(*value, out, error_);
    }
    return *this;
  }
  template <class T, class Read>
  MapReader& list(unsigned key, std::vector<T>& out, Read read_one,
                  std::size_t max = kMaxListItems) {
    const msgpack::object* value = get(key);
    if (value == nullptr) {
      return *this;
    }
    if (value->type != msgpack::type::ARRAY) {
      return fail(key, "is no list");
    }
    if (value->via.array.size > max) {
      return fail(key, "has too many items");
    }
    out.resize(value->via.array.size);
    for (std::uint32_t i = 0; i < value->via.array.size && error_.empty(); ++i) {
      read_one(value->via.array.ptr[i], out[i], error_);
    }
    return *this;
  }

  /// For what was added to a message within this protocol version: an older program leaves it out.
  template <class Read>
  MapReader& if_there(unsigned key, Read read) {
    if (map_ != nullptr && find(key) != nullptr) {
      read(*this);
    }
    return *this;
  }

 private:
  [[nodiscard]] const msgpack::object* find(unsigned key) const {
    for (std::uint32_t i = 0; i < map_->size; ++i) {
      if (map_->ptr[i].key.via.u64 == key) {
        return &map_->ptr[i].val;
      }
    }
    return nullptr;
  }
  const msgpack::object* get(unsigned key) {
    if (!error_.empty() || map_ == nullptr) {
      return nullptr;
    }
    const msgpack::object* value = find(key);
    if (value == nullptr) {
      fail(key, "is missing");
    }
    return value;
  }
  MapReader& number(unsigned key, std::uint64_t& out, std::uint64_t max) {
    const msgpack::object* value = get(key);
    if (value == nullptr) {
      return *this;
    }
    if (value->type != msgpack::type::POSITIVE_INTEGER || value->via.u64 > max) {
      return fail(key, "is no whole number in range");
    }
    out = value->via.u64;
    return *this;
  }
  MapReader& fail(unsigned key, std::string_view why) {
    if (error_.empty()) {
      error_ = std::string(what_) + ": field " + std::to_string(key) + " " + std::string(why);
    }
    return *this;
  }

  std::string_view what_;
  std::string& error_;
  const msgpack::object_map* map_ = nullptr;
};

void read_held(const msgpack::object& object, HeldLease& out, std::string& error) {
  MapReader(object, "held lease", error)
      .read(1, out.shard)
      .read(2, out.fence)
      .read(3, out.unfetched)
      .read(4, out.outstanding);
}
void read_granted(const msgpack::object& object, GrantedLease& out, std::string& error) {
  MapReader(object, "granted lease", error)
      .read(1, out.shard)
      .read(2, out.fence)
      .read(3, out.count);
}
void read_stage(const msgpack::object& object, StageId& out, std::string& error) {
  const auto stage = object.type == msgpack::type::POSITIVE_INTEGER
                         ? stage_from_number(object.via.u64)
                         : std::nullopt;
  if (!stage) {
    error = "stage: unknown number";
    return;
  }
  out = *stage;
}
void read_number(const msgpack::object& object, std::uint64_t& out, std::string& error) {
  if (object.type != msgpack::type::POSITIVE_INTEGER) {
    error = "stage: no whole number";
    return;
  }
  out = object.via.u64;
}
void read_peer(const msgpack::object& object, PeerInfo& out, std::string& error) {
  MapReader(object, "peer", error)
      .text(1, out.name, kMaxNameBytes)
      .text(2, out.endpoint, kMaxEndpointBytes)
      .text(3, out.key, kMaxNameBytes)
      .list(4, out.stages, read_stage, kMaxStages)
      .read(5, out.incarnation)
      .read(6, out.threads);
}
void read_sample(const msgpack::object& object, Sample& out, std::string& error) {
  MapReader(object, "sample", error)
      .read(1, out.id)
      .read(2, out.ordinal)
      .read(3, out.canonical_input)
      .read(4, out.id_fields)
      .optional(5, out.gold)
      .text(6, out.database, 64);
}
void read_answer(const msgpack::object& object, Answer& out, std::string& error) {
  MapReader(object, "answer", error)
      .read(1, out.sample_id)
      .read(2, out.call_key)
      .read(3, out.candidate)
      .read(4, out.served_model)
      .read(5, out.text)
      .read(6, out.reasoning)
      .read(7, out.finish_reason);
}
void read_call(const msgpack::object& object, Call& out, std::string& error) {
  MapReader(object, "call", error)
      .read(1, out.sample_id)
      .read(2, out.call_key)
      .read(3, out.candidate)
      .read(4, out.endpoint)
      .read(5, out.attempts)
      .read(6, out.http_status)
      .read(7, out.prompt_tokens)
      .read(8, out.completion_tokens)
      .read(9, out.queue_us)
      .read(10, out.service_us)
      .read(11, out.error);
}
std::optional<ExecStatus> exec_status_from_number(std::uint64_t number) {
  return number <= static_cast<std::uint64_t>(ExecStatus::timeout)
             ? std::optional(static_cast<ExecStatus>(number))
             : std::nullopt;
}
std::optional<Verdict> verdict_from_number(std::uint64_t number) {
  return number <= static_cast<std::uint64_t>(Verdict::failed)
             ? std::optional(static_cast<Verdict>(number))
             : std::nullopt;
}
void read_candidate(const msgpack::object& object, Candidate& out, std::string& error) {
  MapReader(object, "candidate", error)
      .read(1, out.index)
      .read(2, out.call_key)
      .read(3, out.text)
      .text(4, out.clean_rule, kMaxNameBytes)
      .choice(5, out.rule, reason_from_number)
      .choice(6, out.exec, exec_status_from_number)
      .text(7, out.error_class, kMaxNameBytes)
      .text(8, out.signature, 64)
      .optional(9, out.gold_match)
      .optional(10, out.score)
      .optional(11, out.judge);
}
void read_time(const msgpack::object& object, StageTime& out, std::string& error) {
  if (object.type != msgpack::type::ARRAY || object.via.array.size != 3 ||
      object.via.array.ptr[1].type != msgpack::type::POSITIVE_INTEGER ||
      object.via.array.ptr[2].type != msgpack::type::POSITIVE_INTEGER) {
    error = "stage time: not three whole numbers";
    return;
  }
  read_stage(object.via.array.ptr[0], out.stage, error);
  out.queue_us = object.via.array.ptr[1].via.u64;
  out.service_us = object.via.array.ptr[2].via.u64;
}
/// An outcome of a ledger that an earlier version wrote has no field 8.
void read_outcome(const msgpack::object& object, Outcome& out, std::string& error) {
  MapReader(object, "outcome", error)
      .read(1, out.sample_id)
      .choice(2, out.verdict, verdict_from_number)
      .choice(3, out.reason, reason_from_number)
      .optional(4, out.chosen)
      .read(5, out.gold_failed)
      .list(6, out.candidates, read_candidate)
      .if_there(8, [&](MapReader& map) { map.list(8, out.times, read_time, kMaxStages); });
}
void read_item(const msgpack::object& object, SampleItem& out, std::string& error) {
  MapReader(object, "sample item", error)
      .one(1, out.sample, read_sample)
      .list(2, out.answers, read_answer);
}
void read_record(const msgpack::object& object, Record& out, std::string& error) {
  MapReader(object, "record", error)
      .read(1, out.shard)
      .read(2, out.fence)
      .optional(3, out.answer, read_answer)
      .optional(4, out.call, read_call)
      .optional(5, out.outcome, read_outcome)
      .if_there(6, [&](MapReader& map) { map.optional(6, out.follows_from); });
}

std::optional<Reason> failure_of(Reason reason) {
  return reason == Reason::none ? std::nullopt : std::optional(reason);
}
void read_stage_item(const msgpack::object& object, StageItem& out, std::string& error) {
  Reason failure = Reason::none;
  MapReader(object, "stage item", error)
      .one(1, out.sample, read_sample)
      .list(2, out.answers, read_answer)
      .list(3, out.candidates, read_candidate)
      .read(4, out.gold_failed)
      .choice(5, failure, reason_from_number);
  out.failure = failure_of(failure);
}
void read_evidence(const msgpack::object& object, StageEvidence& out, std::string& error) {
  Reason failure = Reason::none;
  MapReader(object, "stage evidence", error)
      .list(1, out.candidates, read_candidate)
      .read(2, out.gold_failed)
      .choice(3, failure, reason_from_number)
      .list(6, out.times, read_time, kMaxStages);
  out.failure = failure_of(failure);
}

/// Texts and bytes are read where they lie in the body.
bool in_place(msgpack::type::object_type, std::size_t, void*) {
  return true;
}

/// Unpacks one body under limits and lets `read` fill in the message.
template <class T, class Read>
Result<T> unpacked(std::string_view body, Read read) {
  T message;
  std::string error;
  try {
    FD_TRY_VOID(scan_body(body));
    const msgpack::unpack_limit limit(kMaxListItems, 256, kMaxTextBytes, kMaxFrameBytes, 0,
                                      kMaxBodyDepth);
    std::size_t offset = 0;
    const msgpack::object_handle handle =
        msgpack::unpack(body.data(), body.size(), offset, in_place, nullptr, limit);
    if (offset != body.size()) {
      return Error{Errc::invalid_input, "message: bytes behind its end"};
    }
    read(handle.get(), message, error);
  } catch (const std::exception& problem) {
    return Error{Errc::invalid_input, std::string("message: ") + problem.what()};
  }
  if (!error.empty()) {
    return Error{Errc::invalid_input, error};
  }
  return message;
}

}  // namespace

Result<WorkerState> decode_worker_state(std::string_view body) {
  return unpacked<WorkerState>(body, [](const auto& object, WorkerState& m, std::string& error) {
    std::vector<std::uint64_t> stages;
    MapReader(object, "worker state", error)
        .text(1, m.name, kMaxNameBytes)
        .read(2, m.incarnation)
        .read(3, m.seq)
        .read(4, m.epoch)
        .optional(5, m.config)
        .list(6, m.leases, read_held)
        .read(7, m.slots_max)
        .read(8, m.in_flight)
        .read(9, m.leaving)
        .read(10, m.full_ms)
        .text(11, m.version, kMaxNameBytes)
        .list(12, stages, read_number, kMaxStages)
        .read(13, m.draining)
        .read(14, m.heard)
        .if_there(15, [&](MapReader& map) { map.text(15, m.peer_endpoint, kMaxEndpointBytes); })
        .if_there(16, [&](MapReader& map) { map.text(16, m.peer_key, kMaxNameBytes); })
        .if_there(17, [&](MapReader& map) { map.read(17, m.threads); })
        .if_there(18, [&](MapReader& map) { map.read(18, m.serving); })
        .if_there(19, [&](MapReader& map) { map.read(19, m.served); })
        .if_there(20, [&](MapReader& map) { map.text(20, m.policy, kMaxPolicyBytes); });
    for (const std::uint64_t number : stages) {
      if (const auto stage = stage_from_number(number)) {
        m.stages.push_back(*stage);
      }
    }
  });
}
Result<Order> decode_order(std::string_view body) {
  return unpacked<Order>(body, [](const auto& object, Order& m, std::string& error) {
    MapReader(object, "order", error)
        .read(1, m.epoch)
        .read(2, m.ack_seq)
        .read(3, m.incarnation)
        .read(4, m.config)
        .read(5, m.slots)
        .list(6, m.leases, read_granted)
        .read(7, m.ttl_ms)
        .read(8, m.heartbeat_ms)
        .read(9, m.drain)
        .read(10, m.run_over)
        .if_there(11, [&](MapReader& map) { map.list(11, m.peers, read_peer, kMaxPeers); })
        .if_there(12, [&](MapReader& map) { map.read(12, m.refused); });
  });
}
Result<RunSpec> decode_run_spec(std::string_view body) {
  return unpacked<RunSpec>(body, [](const auto& object, RunSpec& m, std::string& error) {
    MapReader(object, "run spec", error).read(1, m.config).read(2, m.config_json);
  });
}
Result<Fetch> decode_fetch(std::string_view body) {
  return unpacked<Fetch>(body, [](const auto& object, Fetch& m, std::string& error) {
    MapReader(object, "fetch", error)
        .read(1, m.shard)
        .read(2, m.fence)
        .read(3, m.from)
        .read(4, m.count)
        .read(5, m.alone);
  });
}
Result<Samples> decode_samples(std::string_view body) {
  return unpacked<Samples>(body, [](const auto& object, Samples& m, std::string& error) {
    MapReader(object, "samples", error)
        .read(1, m.shard)
        .read(2, m.fence)
        .read(3, m.from)
        .read(4, m.next)
        .list(5, m.items, read_item, kMaxFetchSamples)
        .read(6, m.alone);
  });
}
Result<FetchDatabase> decode_fetch_database(std::string_view body) {
  return unpacked<FetchDatabase>(
      body, [](const auto& object, FetchDatabase& m, std::string& error) {
        MapReader(object, "fetch database", error).read(1, m.digest).read(2, m.offset);
      });
}
Result<DatabaseChunk> decode_database_chunk(std::string_view body) {
  return unpacked<DatabaseChunk>(body,
                                 [](const auto& object, DatabaseChunk& m, std::string& error) {
                                   MapReader(object, "database chunk", error)
                                       .read(1, m.digest)
                                       .read(2, m.offset)
                                       .read(3, m.total)
                                       .bytes(4, m.bytes, kDatabaseChunkBytes);
                                 });
}
Result<Deliver> decode_deliver(std::string_view body) {
  return unpacked<Deliver>(body, [](const auto& object, Deliver& m, std::string& error) {
    MapReader(object, "deliver", error)
        .read(1, m.incarnation)
        .read(2, m.epoch)
        .read(3, m.seq)
        .list(4, m.records, read_record);
  });
}
Result<Ack> decode_ack(std::string_view body) {
  return unpacked<Ack>(body, [](const auto& object, Ack& m, std::string& error) {
    MapReader(object, "ack", error).read(1, m.incarnation).read(2, m.epoch).read(3, m.seq);
  });
}

Result<StageRequest> decode_stage_request(std::string_view body) {
  return unpacked<StageRequest>(body, [](const auto& object, StageRequest& m, std::string& error) {
    MapReader(object, "stage request", error)
        .read(1, m.id)
        .one(2, m.stage, read_stage)
        .list(3, m.items, read_stage_item)
        .one(4, m.last, read_stage)
        .read(5, m.config);
  });
}
Result<StageReply> decode_stage_reply(std::string_view body) {
  return unpacked<StageReply>(body, [](const auto& object, StageReply& m, std::string& error) {
    MapReader(object, "stage reply", error)
        .read(1, m.id)
        .list(2, m.items, read_evidence)
        .read(3, m.not_now);
  });
}

Result<FlushMarker> decode_flush_marker(std::string_view body) {
  return unpacked<FlushMarker>(body, [](const auto& object, FlushMarker& m, std::string& error) {
    MapReader(object, "flush_marker", error).read(1, m.incarnation).read(2, m.number);
  });
}

Result<Record> decode_record(std::string_view body) {
  return unpacked<Record>(body, [](const auto& object, Record& record, std::string& error) {
    read_record(object, record, error);
  });
}

}  // namespace fd
