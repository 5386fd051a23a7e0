#include "tests/worker/worker_core_fixture.hpp"

namespace fd {
namespace {

using testing_support::digest_of;
using testing_support::seconds;
using testing_support::WorkerCoreTest;

/// The coordinator is heard, flush markers come back, and something stays without an answer.
class WorkerRepeatsTest : public WorkerCoreTest {
 protected:
  /// A second passes. Returns why the worker gives up, if it does.
  std::optional<std::string> second() {
    now_ += seconds(1);
    const WorkerEffects effects = step(WorkerTicked{});
    sent_ += fetches(effects).size() + of<Deliver>(effects).size();
    const WorkerEffects after = hear({{0, 1, 10}});
    sent_ += fetches(after).size() + of<Deliver>(after).size();
    hear_flush_marker();
    return effects.give_up;
  }
  /// Returns after how many seconds it gives up, at most `limit`.
  int seconds_to_the_end(int limit, std::string& why) {
    for (int passed = 1; passed <= limit; ++passed) {
      if (const auto given_up = second()) {
        why = *given_up;
        return passed;
      }
    }
    return limit + 1;
  }
  std::size_t sent_ = 0;
};

TEST_F(WorkerRepeatsTest, ARequestForSamplesThatIsNeverAnsweredHasAnEnd) {
  join();
  ASSERT_EQ(fetches(hear({{0, 1, 10}})).size(), 1u);
  std::string why;
  const int end = seconds_to_the_end(200, why);
  EXPECT_GT(end, WorkerCore::kRepeatTtls * 10) << "not before the leases of that time";
  EXPECT_LT(end, 60);
  EXPECT_GE(sent_, WorkerCore::kRepeatsMax);
  EXPECT_NE(why.find("a request for samples was sent"), std::string::npos);
}

TEST_F(WorkerRepeatsTest, RecordsThatAreNeverAcknowledgedHaveAnEnd) {
  join();
  JournalRecovered recovered;
  recovered.entries.emplace_back().record.call.emplace().sample_id = digest_of(1);
  recovered.entries.back().journal_seq = 1;
  step(std::move(recovered));
  std::string why;
  const int end = seconds_to_the_end(200, why);
  EXPECT_GT(end, WorkerCore::kRepeatTtls * 10);
  EXPECT_LT(end, 60);
  EXPECT_NE(why.find("a message with records was sent"), std::string::npos);
}

TEST_F(WorkerRepeatsTest, AnAnswerBeginsTheCountAnew) {
  join();
  hear({{0, 1, 10}});
  for (int i = 0; i < 25; ++i) {
    ASSERT_FALSE(second().has_value());
  }
  take(samples(0, 2));
  std::string why;
  EXPECT_GT(seconds_to_the_end(200, why), WorkerCore::kRepeatTtls * 10);
}

TEST_F(WorkerRepeatsTest, WhileTheCoordinatorIsNotHeardNothingIsGivenUp) {
  join();
  hear({{0, 1, 10}});
  for (int i = 0; i < 100; ++i) {
    now_ += seconds(1);
    EXPECT_FALSE(step(WorkerTicked{}).give_up.has_value());
  }
}

}  // namespace
}  // namespace fd
