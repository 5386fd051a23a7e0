// What becomes of a call for several candidates, by what its endpoint takes.

#include "tests/actors/gateway/call_queue_bench.hpp"

namespace fd {
namespace {

ProviderConfig that_takes(CandidatesPerRequest candidates, std::string name = "a") {
  ProviderConfig config = provider(std::move(name));
  config.candidates = candidates;
  return config;
}

ChatCall purchase(std::uint32_t count, std::string prompt = "p") {
  ChatCall call;
  call.tag = 7;
  call.call_key = sha256(prompt + "0");
  call.decode.seed = 100;
  call.messages = {{"user", std::move(prompt)}};
  call.count = count;
  for (std::uint32_t i = 1; i < count; ++i) {
    call.more_keys.push_back(sha256(call.messages[0].content + std::to_string(i)));
  }
  return call;
}

/// A bench to which purchases are submitted.
class Shop : public Bench {
 public:
  using Bench::Bench;
  void buy(std::uint32_t count, std::string prompt = "p") {
    queue.add(make_job(purchase(count, std::move(prompt)), now), now);
  }
  /// Takes every request that can be sent, and returns first candidate and count of each.
  std::string sent() {
    jobs = take();
    std::string out;
    for (const JobPtr& job : jobs) {
      out += std::to_string(job->call.candidate) + "+" + std::to_string(job->call.count) + " ";
    }
    return out;
  }
  void end(std::size_t index, const Attempt& attempt) { finish(std::move(jobs[index]), attempt); }
  void end(const Attempt& attempt) {
    for (JobPtr& job : std::exchange(jobs, {})) {
      finish(std::move(job), attempt);
    }
  }
  std::vector<JobPtr> jobs;
};

Attempt brought(std::uint32_t choices) {
  Attempt attempt = answered();
  attempt.choices = choices;
  return attempt;
}

TEST(Purchases, GoInOneRequestWhereTheEndpointTakesSeveral) {
  for (const auto how : {CandidatesPerRequest::automatic, CandidatesPerRequest::many}) {
    Shop shop({that_takes(how)});
    shop.buy(4);
    EXPECT_EQ(shop.load().waiting, 1u);
    EXPECT_EQ(shop.sent(), "0+4 ");
    shop.end(brought(4));
    shop.buy(3);
    EXPECT_EQ(shop.sent(), "0+3 ");
  }
}

TEST(Purchases, GoOneByOneWhereTheEndpointTakesOneEachAsIfItHadBeenSubmittedAlone) {
  Shop shop({that_takes(CandidatesPerRequest::one)});
  shop.buy(3);
  EXPECT_EQ(shop.load().waiting, 3u);
  EXPECT_EQ(shop.sent(), "0+1 1+1 2+1 ");
  const ChatCall whole = purchase(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Job& job = *shop.jobs[i];
    EXPECT_EQ(static_cast<const CallIdentity&>(job.call), identity_of(whole, i)) << i;
    EXPECT_EQ(job.call.decode.seed, 100 + i) << i;
    EXPECT_EQ(job.call.messages, whole.messages) << i;
    EXPECT_TRUE(job.call.more_keys.empty()) << i;
    EXPECT_EQ(job.result.tag, 7u) << i;
    EXPECT_EQ(job.result.call.count, 1u) << i;
    EXPECT_EQ(job.result.call.candidate, i);
    EXPECT_EQ(job.result.answer.call_key, job.call.call_key) << i;
    EXPECT_EQ(intent_of(job).count, 1u) << i;
    EXPECT_TRUE(job.ticket.has_value()) << i;
  }
  shop.end(brought(1));
  EXPECT_EQ(shop.ended().size(), 3u);
}

TEST(Purchases, KeepTogetherWhatOneEndpointLeftForAnother) {
  ProviderConfig single = that_takes(CandidatesPerRequest::one, "single");
  single.max_concurrency = 1;
  Shop shop({single, that_takes(CandidatesPerRequest::many, "many")});
  shop.buy(4);
  EXPECT_EQ(shop.sent(), "0+1 1+3 ");
  EXPECT_EQ(shop.jobs[1]->call.decode.seed, 101);
  EXPECT_EQ(shop.jobs[1]->call.more_keys.size(), 2u);
  EXPECT_EQ(shop.jobs[1]->result.call.endpoint, "many");
}

TEST(Purchases, GoOneByOneFromThenOnWhereFewerCameThanWereAskedFor) {
  for (const auto how : {CandidatesPerRequest::automatic, CandidatesPerRequest::many}) {
    Shop shop({that_takes(how)});
    shop.buy(3);
    ASSERT_EQ(shop.sent(), "0+3 ");
    shop.end(brought(2));
    const std::vector<JobPtr> ended = shop.ended();
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_EQ(ended[0]->result.call.end, CallEnd::answered);
    EXPECT_EQ(ended[0]->result.call.count, 3u) << "so many were asked for";
    shop.buy(3);
    EXPECT_EQ(shop.load().waiting, 3u);
    EXPECT_EQ(shop.sent(), "0+1 1+1 2+1 ");
    shop.end(brought(1));
    shop.buy(2);
    EXPECT_EQ(shop.sent(), "0+1 1+1 ");
  }
}

TEST(Purchases, ThatAreRefusedAreAskedForOneByOneAtOnceAndSoAreTheNext) {
  Shop shop({that_takes(CandidatesPerRequest::automatic)});
  shop.buy(3);
  ASSERT_EQ(shop.sent(), "0+3 ");
  shop.end(refused(400, "Bad Request"));
  EXPECT_EQ(shop.sent(), "0+1 1+1 2+1 ");
  EXPECT_EQ(shop.jobs[0]->result.call.count, 1u);
  EXPECT_EQ(shop.jobs[0]->result.call.attempts, 1u) << "the refused request counts";
  shop.end(brought(1));
  const std::vector<JobPtr> ended = shop.ended();
  EXPECT_EQ(ended.size(), 3u);
  for (const JobPtr& job : ended) {
    EXPECT_EQ(job->result.call.end, CallEnd::answered);
  }
  shop.buy(2);
  EXPECT_EQ(shop.sent(), "0+1 1+1 ");
}

TEST(Purchases, OfARefusedPromptComeBackOnceTheEndpointAnswersOthers) {
  Shop shop({that_takes(CandidatesPerRequest::automatic)});
  shop.buy(2, "bad");
  shop.buy(2, "good");
  ASSERT_EQ(shop.sent(), "0+2 0+2 ");
  JobPtr good = std::move(shop.jobs[1]);
  shop.end(0, refused(400, "filtered"));
  ASSERT_EQ(shop.sent(), "0+1 1+1 ");
  shop.end(refused(400, "filtered"));
  shop.buy(2, "next");
  EXPECT_EQ(shop.sent(), "0+1 1+1 ") << "nothing was ever answered: n may still be the reason";
  shop.end(brought(1));
  shop.finish(std::move(good), refused(503));
  shop.buy(3, "after");
  EXPECT_NE(shop.sent().find("0+3"), std::string::npos);
}

TEST(Purchases, AreNoReasonOfARefusalWhereTheyCameBeforeUnlessItNamesN) {
  Shop shop({that_takes(CandidatesPerRequest::automatic)});
  shop.buy(2);
  ASSERT_EQ(shop.sent(), "0+2 ");
  shop.end(brought(2));
  shop.ended();
  shop.buy(2, "bad");
  ASSERT_EQ(shop.sent(), "0+2 ");
  shop.end(refused(400, "no answer to that"));
  const std::vector<JobPtr> ended = shop.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::refused);
  EXPECT_EQ(ended[0]->result.call.count, 2u);
  shop.buy(2, "long");
  ASSERT_EQ(shop.sent(), "0+2 ");
  shop.end(refused(422, "parameter 'n' must be 1 for this model"));
  EXPECT_EQ(shop.sent(), "0+1 1+1 ");
}

TEST(Purchases, ThatAreLateOrThrottledAreNotTakenApart) {
  for (const std::uint32_t status : {429u, 500u, 503u}) {
    Shop shop({that_takes(CandidatesPerRequest::automatic)});
    shop.buy(2);
    ASSERT_EQ(shop.sent(), "0+2 ");
    shop.end(refused(status));
    shop.now += seconds(60);
    EXPECT_EQ(shop.sent(), "0+2 ") << status;
  }
}

TEST(Purchases, ThatTheEndpointWantsSpeltOtherwiseAreSentAgainTogether) {
  Shop shop({that_takes(CandidatesPerRequest::automatic)});
  shop.buy(2);
  ASSERT_EQ(shop.sent(), "0+2 ");
  Attempt taught = refused(400, "use max_completion_tokens");
  taught.should_retry = true;
  taught.retry_after = Duration::zero();
  shop.end(taught);
  EXPECT_EQ(shop.sent(), "0+2 ");
}

TEST(Purchases, WhoseReplyIsTooLargeAreTakenApartAndTheNextAreNot) {
  Shop shop({that_takes(CandidatesPerRequest::many)});
  shop.buy(3);
  ASSERT_EQ(shop.sent(), "0+3 ");
  Attempt attempt = answered();
  attempt.end = AttemptEnd::too_large;
  shop.end(attempt);
  EXPECT_EQ(shop.sent(), "0+1 1+1 2+1 ");
  shop.buy(3);
  EXPECT_EQ(shop.sent(), "0+3 ");
}

TEST(Purchases, RefusedForNAreNoRefusalsThatPutAnEndpointOut) {
  Shop shop({that_takes(CandidatesPerRequest::automatic)});
  for (int i = 0; i < 20; ++i) {
    shop.buy(2, "p" + std::to_string(i));
  }
  shop.sent();
  ASSERT_EQ(shop.jobs.size(), 20u);
  shop.end(refused(400, "n: only 1 is supported"));
  EXPECT_EQ(shop.endpoint(0).state, EndpointState::untried);
  shop.sent();
  EXPECT_EQ(shop.jobs.size(), 40u);
}

TEST(Purchases, CancelledBehindARefusalEndWithAllTheirCandidates) {
  Shop shop({that_takes(CandidatesPerRequest::automatic)});
  shop.buy(3);
  ASSERT_EQ(shop.sent(), "0+3 ");
  shop.queue.cancel(shop.now);
  shop.end(refused(400, "n must be 1"));
  const std::vector<JobPtr> ended = shop.ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->result.call.end, CallEnd::cancelled);
  EXPECT_EQ(ended[0]->result.call.count, 3u);
  EXPECT_EQ(shop.sent(), "");
}

TEST(PurchaseMax, IsOneWhereEveryProviderIsAskedOneByOne) {
  RunConfig config;
  config.teacher.decode.n = 8;
  config.gateway.providers = {that_takes(CandidatesPerRequest::one)};
  EXPECT_EQ(purchase_max(config), 1u);
  config.gateway.providers.push_back(that_takes(CandidatesPerRequest::automatic));
  EXPECT_EQ(purchase_max(config), 8u);
}

}  // namespace
}  // namespace fd
