#include "tests/sim/gates.hpp"

#include <string_view>
#include <utility>

namespace fd::sim {
namespace {

std::uint64_t bits_of(std::string_view text) {
  std::uint64_t bits = 0xcbf29ce484222325u;
  for (const char letter : text) {
    bits = (bits ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  }
  return bits ^ (bits >> 29);
}

/// Makes the candidates.
void clean(WorkItem& item) {
  for (const Answer& answer : item.answers) {
    if (answer.role == Role::teacher) {
      Candidate& candidate = item.candidates.emplace_back();
      candidate.index = answer.candidate;
      candidate.call_key = answer.call_key;
      candidate.text = answer.text;
    }
  }
}

void apply_rules(Candidate& candidate) {
  candidate.clean_rule = bits_of(candidate.text) % 5 == 0 ? "fence" : "whole";
}

void execute(Candidate& candidate) {
  candidate.gold_match = bits_of(candidate.text) % 3 != 0;
}

/// All answers of a judge count.
void score(const WorkItem& item, Candidate& candidate) {
  for (const Answer& answer : item.answers) {
    if (answer.role == Role::judge) {
      candidate.judge = candidate.judge.value_or(0) + static_cast<double>(bits_of(answer.text) % 5);
    }
  }
}

class Gate final : public Stage {
 public:
  Gate(StageId id, Opened opened) : id_(id), opened_(std::move(opened)) {}
  [[nodiscard]] StageId id() const override { return id_; }
  void process(WorkItem& item) override {
    if (item.failure) {
      return;
    }
    if (id_ == StageId::clean) {
      clean(item);
    }
    if (id_ == StageId::exec && opened_) {
      opened_(item.sample);
    }
    for (Candidate& candidate : item.candidates) {
      if (id_ == StageId::rules) {
        apply_rules(candidate);
      } else if (id_ == StageId::exec) {
        execute(candidate);
      } else if (id_ == StageId::score) {
        score(item, candidate);
      }
    }
  }

 private:
  StageId id_;
  Opened opened_;
};

}  // namespace

std::vector<std::unique_ptr<Stage>> make_gates(Opened opened) {
  std::vector<std::unique_ptr<Stage>> gates;
  for (const StageId stage : peer_stages()) {
    gates.push_back(std::make_unique<Gate>(stage, opened));
  }
  return gates;
}

Outcome select(WorkItem item) {
  Outcome outcome;
  outcome.sample_id = item.sample.id;
  if (item.failure) {
    outcome.reason = *item.failure;
    return outcome;
  }
  outcome.verdict = fd::Verdict::rejected;
  outcome.reason = Reason::gold_mismatch;
  for (const Candidate& candidate : item.candidates) {
    if (candidate.gold_match.value_or(false) && !outcome.chosen) {
      outcome.verdict = fd::Verdict::kept;
      outcome.reason = Reason::none;
      outcome.chosen = candidate.index;
    }
  }
  outcome.candidates = std::move(item.candidates);
  return outcome;
}

}  // namespace fd::sim
