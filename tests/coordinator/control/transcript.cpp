#include "tests/coordinator/control/transcript.hpp"

#include <vector>

namespace fd {
namespace {

using LastSeq = std::map<std::string, std::uint64_t>;

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string place(std::uint32_t shard, const SampleId& id) {
  return number(shard) + "@" + number(id.bytes[1]);
}

std::string shown(const Decision& made) {
  const ShareGranted share = share_of(made).value();
  return "append share " + share.worker + " " + number(share.calls) + "\n";
}

std::string shown(const LeaseGranted& granted) {
  return "append leased " + number(granted.shard) + "/" + number(granted.fence) + " to " +
         granted.worker + "\n";
}

std::string shown(const Record& record) {
  std::string text;
  if (record.call) {
    text += "append call " + place(record.shard, record.call->sample_id) + " " +
            number(record.call->service_us) + " us " + std::string(name(record.call->end)) + "\n";
  }
  if (record.answer) {
    text += "append answer " + place(record.shard, record.answer->sample_id) + "=" +
            record.answer->text + "\n";
  }
  if (record.outcome) {
    const Outcome& outcome = *record.outcome;
    text +=
        "append outcome " + place(record.shard, outcome.sample_id) +
        (outcome.verdict == Verdict::failed ? " failed(" + std::string(name(outcome.reason)) + ")"
                                            : "") +
        "\n";
  }
  return text;
}

std::string shown(const SendOrder& send, const LastSeq& last_seq) {
  std::string text = "order " + send.peer + " slots=";
  for (const Share& share : send.order.shares) {
    text += (text.back() == '=' ? "" : "+") + number(share.calls);
  }
  text += text.back() == '=' ? "0" : "";
  for (const GrantedLease& granted : send.order.leases) {
    text += " " + number(granted.shard) + "/" + number(granted.fence) + ":" + number(granted.count);
  }
  for (const PeerInfo& peer : send.order.peers) {
    text += " peer=" + peer.name;
    for (std::size_t i = 0; i < peer.stages.size(); ++i) {
      text += (i == 0 ? ":" : "+") + std::string(name(peer.stages[i]));
    }
  }
  const auto last = last_seq.find(send.peer);
  if (last == last_seq.end() || send.order.ack_seq != last->second) {
    text += " answers=" + number(send.order.ack_seq);
  }
  text += send.order.refused.empty() ? "" : " refused";
  return text + (send.order.drain ? " drain" : "") + (send.order.run_over ? " over" : "") + "\n";
}
std::string shown(const SendRunSpec& send, const LastSeq&) {
  return "runspec " + send.peer + "\n";
}
std::string shown(const SendFlushMarker& send, const LastSeq&) {
  return "flush_marker " + send.peer + " " + number(send.marker.number) + "\n";
}
std::string shown(const SendDatabase& send, const LastSeq&) {
  return "database " + send.peer + "\n";
}
std::string shown(const SendAck& send, const LastSeq&) {
  return "ack " + send.peer + " " + number(send.ack.seq) + "\n";
}
std::string shown(const SendSamples& send, const LastSeq&) {
  std::string text = "samples " + send.peer + " " + number(send.shard) + "/" + number(send.fence) +
                     " next=" + number(send.next) + (send.alone ? " alone" : "");
  for (const std::uint32_t position : send.positions) {
    text += " " + number(position);
    const auto answers = send.answers.find(position);
    if (answers != send.answers.end()) {
      text += "=" + answers->second.front().text;
    }
  }
  return text + "\n";
}

}  // namespace

std::string transcript(const CoordinatorEffects& effects, const LastSeq& last_seq) {
  std::string text;
  for (const std::uint32_t shard : effects.load) {
    text += "load " + number(shard) + "\n";
  }
  for (const LedgerEvent& one : effects.append) {
    text += std::visit([](const auto& what) { return shown(what); }, one);
  }
  for (const Record& one : effects.late) {
    text += "late: " + shown(one);
  }
  for (const Outgoing& one : effects.send) {
    text += std::visit([&](const auto& what) { return shown(what, last_seq); }, one);
  }
  for (const std::uint32_t shard : effects.commit) {
    text += "commit " + number(shard) + "\n";
  }
  for (const std::string& line : effects.log) {
    text += "log " + line + "\n";
  }
  if (effects.unserved) {
    text += "unserved " + *effects.unserved + "\n";
  }
  return text;
}

}  // namespace fd
