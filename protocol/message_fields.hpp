#pragma once

#include "protocol/journal.hpp"
#include "protocol/messages.hpp"
#include "protocol/record_fields.hpp"

// The members of what goes over the wire, and of what a journal adds. Growth: as in
// protocol/record_fields.hpp.

namespace fd {

template <>
inline constexpr auto kFields<HeldLease> = table("held lease", field(1, &HeldLease::shard),
                                                 field(2, &HeldLease::fence),
                                                 field(3, &HeldLease::unfetched),
                                                 field(4, &HeldLease::outstanding));

template <>
inline constexpr auto kFields<Share> = table("share",
                                             field(1, &Share::provider).at_most(kMaxNameBytes),
                                             field(2, &Share::calls),
                                             field(3, &Share::answers).when_set());

template <>
inline constexpr auto kFields<EndpointError> =
    table("endpoint error", field(1, &EndpointError::provider).at_most(kMaxNameBytes),
          field(2, &EndpointError::status), field(3, &EndpointError::words).at_most(kMaxErrorWords),
          field(4, &EndpointError::wait_ms));

template <>
inline constexpr auto kFields<EndpointReport> =
    table("endpoint report", field(1, &EndpointReport::provider).at_most(kMaxNameBytes),
          field(2, &EndpointReport::state), field(3, &EndpointReport::answered).when_set(),
          field(4, &EndpointReport::out_ms).when_set(),
          field(5, &EndpointReport::words).at_most(kMaxErrorWords).when_set(),
          field(6, &EndpointReport::wanted).when_set());

template <>
inline constexpr auto kFields<WorkerState> = table(
    "worker state", field(1, &WorkerState::name).at_most(kMaxNameBytes),
    field(2, &WorkerState::seq), field(3, &WorkerState::config), field(4, &WorkerState::leases),
    field(5, &WorkerState::slots_max), field(6, &WorkerState::in_flight),
    field(7, &WorkerState::leaving), field(8, &WorkerState::draining),
    field(9, &WorkerState::full_ms), field(10, &WorkerState::version).at_most(kMaxNameBytes),
    field(11, &WorkerState::stages).at_most(kMaxStages).as_is(), field(12, &WorkerState::heard),
    field(13, &WorkerState::peer_endpoint).at_most(kMaxEndpointBytes),
    field(14, &WorkerState::peer_key).at_most(kMaxNameBytes), field(15, &WorkerState::threads),
    field(16, &WorkerState::serving), field(17, &WorkerState::served),
    field(18, &WorkerState::policy).at_most(kMaxPolicyBytes), field(19, &WorkerState::owed),
    field(20, &WorkerState::recovered), field(21, &WorkerState::troubles).when_set(),
    field(22, &WorkerState::waiting).when_set(), field(23, &WorkerState::shares).when_set(),
    field(24, &WorkerState::calls).when_set(), field(25, &WorkerState::share_heard).when_set(),
    field(26, &WorkerState::endpoint_errors).at_most(kMaxEndpointErrors).when_set(),
    field(27, &WorkerState::endpoints).when_set());

template <>
inline constexpr auto kFields<GrantedLease> = table("granted lease", field(1, &GrantedLease::shard),
                                                    field(2, &GrantedLease::fence),
                                                    field(3, &GrantedLease::count));

template <>
inline constexpr auto kFields<PeerInfo> =
    table("peer", field(1, &PeerInfo::name).at_most(kMaxNameBytes),
          field(2, &PeerInfo::endpoint).at_most(kMaxEndpointBytes),
          field(3, &PeerInfo::key).at_most(kMaxNameBytes),
          field(4, &PeerInfo::stages).at_most(kMaxStages), field(5, &PeerInfo::incarnation),
          field(6, &PeerInfo::threads));

template <>
inline constexpr auto kFields<Order> = table(
    "order", field(1, &Order::ack_seq), field(2, &Order::config), field(3, &Order::shares),
    field(4, &Order::leases), field(5, &Order::ttl_ms), field(6, &Order::heartbeat_ms),
    field(7, &Order::drain), field(8, &Order::run_over), field(9, &Order::peers).at_most(kMaxPeers),
    field(10, &Order::refused), field(11, &Order::share_number).when_set());

template <>
inline constexpr auto kFields<RunSpec> = table("run spec", field(1, &RunSpec::config),
                                               field(2, &RunSpec::config_json));

template <>
inline constexpr auto kFields<Fetch> = table("fetch", field(1, &Fetch::shard),
                                             field(2, &Fetch::fence), field(3, &Fetch::from),
                                             field(4, &Fetch::count), field(5, &Fetch::alone),
                                             field(6, &Fetch::after).when_set());

template <>
inline constexpr auto kFields<SampleItem> = table("sample item", field(1, &SampleItem::sample),
                                                  field(2, &SampleItem::answers),
                                                  field(3, &SampleItem::more).when_set());

template <>
inline constexpr auto kFields<Samples> = table("samples", field(1, &Samples::shard),
                                               field(2, &Samples::fence), field(3, &Samples::from),
                                               field(4, &Samples::next),
                                               field(5, &Samples::items).at_most(kMaxFetchSamples),
                                               field(6, &Samples::alone),
                                               field(7, &Samples::after).when_set());

template <>
inline constexpr auto kFields<FetchDatabase> = table("fetch database",
                                                     field(1, &FetchDatabase::digest),
                                                     field(2, &FetchDatabase::offset));

template <>
inline constexpr auto kFields<DatabaseChunk> =
    table("database chunk", field(1, &DatabaseChunk::digest), field(2, &DatabaseChunk::offset),
          field(3, &DatabaseChunk::total),
          field(4, &DatabaseChunk::bytes).at_most(kDatabaseChunkBytes).as_is());

/// Also a row of the ledger, and how a call ended in the journal.
template <>
inline constexpr auto kFields<Record> = table("record", field(1, &Record::shard),
                                              field(2, &Record::fence),
                                              field(3, &Record::answer).when_set(),
                                              field(4, &Record::call).when_set(),
                                              field(5, &Record::outcome).when_set(),
                                              field(6, &Record::follows_from).when_set());

template <>
inline constexpr auto kFields<Deliver> = table("deliver", field(1, &Deliver::seq),
                                               field(2, &Deliver::records));

template <>
inline constexpr auto kFields<Ack> = table("ack", field(1, &Ack::seq));

template <>
inline constexpr auto kFields<StageItem> = table("stage item", field(1, &StageItem::sample),
                                                 field(2, &StageItem::answers),
                                                 field(3, &StageItem::candidates),
                                                 field(4, &StageItem::gold_failed),
                                                 field(5, &StageItem::failure).when_set());

template <>
inline constexpr auto kFields<StageRequest> = table("stage request", field(1, &StageRequest::id),
                                                    field(2, &StageRequest::stage),
                                                    field(3, &StageRequest::items),
                                                    field(4, &StageRequest::last),
                                                    field(5, &StageRequest::config));

template <>
inline constexpr auto kFields<StageEvidence> =
    table("stage evidence", field(1, &StageEvidence::candidates),
          field(2, &StageEvidence::gold_failed), field(3, &StageEvidence::failure).when_set(),
          field(4, &StageEvidence::times).at_most(kMaxStages));

template <>
inline constexpr auto kFields<StageReply> = table("stage reply", field(1, &StageReply::id),
                                                  field(2, &StageReply::items),
                                                  field(3, &StageReply::not_now),
                                                  field(4, &StageReply::working).when_set());

template <>
inline constexpr auto kFields<FlushMarker> = table("flush marker", field(1, &FlushMarker::number));

template <>
inline constexpr auto kFields<ShareGranted> =
    table("granted share", field(1, &ShareGranted::worker).at_most(kMaxNameBytes),
          field(2, &ShareGranted::incarnation), field(3, &ShareGranted::calls));

template <>
inline constexpr auto kFields<StartMade> = table("start", field(1, &StartMade::epoch),
                                                 field(2, &StartMade::last_fence));

template <>
inline constexpr auto kFields<JournalIntent> =
    table("intent", field(1, &JournalIntent::sample_id), field(2, &JournalIntent::call_key),
          field(3, &JournalIntent::candidate), field(4, &JournalIntent::shard),
          field(5, &JournalIntent::fence), field(6, &JournalIntent::estimated_prompt_tokens),
          field(7, &JournalIntent::max_tokens), field(8, &JournalIntent::role).when_set(),
          field(9, &JournalIntent::vote).when_set(), field(10, &JournalIntent::round).when_set(),
          field(11, &JournalIntent::count).when_set(),
          field(12, &JournalIntent::endpoint).at_most(kMaxNameBytes).when_set(),
          field(13, &JournalIntent::cost_bound).when_set());

template <>
inline constexpr auto kFields<JournalCancelled> = table("cancelled intent",
                                                        field(1, &JournalCancelled::sample_id),
                                                        field(2, &JournalCancelled::call_key));

}  // namespace fd
