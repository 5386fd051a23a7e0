#include "coordinator/reports/costs.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace fd {
namespace {

constexpr Price kCheap{0.5, 1.0};
constexpr Price kDear{10, 20};

Call call(const std::string& endpoint, std::optional<Price> price, std::uint64_t prompt,
          std::uint64_t completion) {
  Call made;
  made.endpoint = endpoint;
  made.price = price;
  made.attempts = 1;
  made.prompt_tokens = prompt;
  made.completion_tokens = completion;
  return made;
}

/// Counts the call as it stands in calls.jsonl.
void add_line(CallCounts& counts, const Call& call) {
  std::string line;
  append_line(call, line);
  CallView view;
  ASSERT_TRUE(read_view(line, view).ok()) << line;
  counts.add(view);
}

TEST(CostReport, AddsUpByProviderRoleServedModelAndInTotal) {
  CallCounts counts;
  Call cheap = call("cheap", kCheap, 1'000'000, 0);
  cheap.served_model = "small";
  add_line(counts, cheap);
  Call failed = call("cheap", kCheap, 0, 0);
  failed.attempts = 3;
  failed.end = CallEnd::failed;
  add_line(counts, failed);
  Call dear = call("dear", kDear, 100'000, 200'000);
  dear.role = Role::judge;
  dear.served_model = "large";
  add_line(counts, dear);
  Call in_doubt = call("dear", kDear, 77, 0);
  in_doubt.end = CallEnd::in_doubt;
  add_line(counts, in_doubt);  // nobody knows what it cost
  const std::string first =
      R"({"answered":1,"attempts":1,"calls":1,"completion_tokens":0,"cost":0.5,)"
      R"("prompt_tokens":1000000})";
  const std::string judged =
      R"({"answered":1,"attempts":1,"calls":1,"completion_tokens":200000,"cost":5,)"
      R"("prompt_tokens":100000})";
  const std::string nameless =
      R"({"answered":0,"attempts":3,"calls":1,"completion_tokens":0,"cost":0,"prompt_tokens":0})";
  const std::string taught =
      R"({"answered":1,"attempts":4,"calls":2,"completion_tokens":0,"cost":0.5,)"
      R"("prompt_tokens":1000000})";
  EXPECT_EQ(json::canonical(counts.report("run-1", 5)),
            R"({"by_role":{"judge":)" + judged + R"(,"teacher":)" + taught +
                R"(},"by_served_model":{"":)" + nameless + R"(,"large":)" + judged +
                R"(,"small":)" + first +
                R"(},"in_doubt":{"calls":1,"estimated_prompt_tokens":77},)"
                R"("late":{"attempts":0,"calls":0},)"
                R"("providers":{"cheap":{"answered":1,"attempts":4,"calls":2,)"
                R"("completion_tokens":0,"cost":0.5,"price_per_mtok":{"input":0.5,"output":1},)"
                R"("prompt_tokens":1000000},)"
                R"("dear":{"answered":1,"attempts":1,"calls":1,"completion_tokens":200000,)"
                R"("cost":5,"price_per_mtok":{"input":10,"output":20},"prompt_tokens":100000}},)"
                R"("run_id":"run-1","tokens":{"cached_input":null,"input":1100000,"output":200000,)"
                R"("reasoning":null},"total":{"answered":2,"attempts":5,"calls":3,)"
                R"("completion_tokens":200000,"cost":5.5,"prompt_tokens":1100000},)"
                R"("unknown":{"calls":5},"unpriced":{"calls":0},"unreported":{"calls":0}})");
}

TEST(CostReport, CountsWhatIsNotKnown) {
  CallCounts counts;
  add_line(counts, call("a", std::nullopt, 0, 0));
  EXPECT_EQ(json::canonical(*counts.report("run-1", 0).find("tokens")),
            R"({"cached_input":null,"input":null,"output":null,"reasoning":null})");
  add_line(counts, call("a", Price{}, 7, 3));  // free
  Call failed = call("a", kCheap, 0, 0);
  failed.end = CallEnd::failed;
  counts.add(failed);
  EXPECT_EQ(counts.total().unpriced, 1u);
  EXPECT_EQ(counts.total().unreported, 1u);
  const json::Value report = counts.report("run-1", 0);
  EXPECT_EQ(json::canonical(*report.find("unpriced")), R"({"calls":1})");
  EXPECT_EQ(json::canonical(*report.find("unreported")), R"({"calls":1})");
  EXPECT_EQ(json::canonical(*report.find("tokens")),
            R"({"cached_input":null,"input":7,"output":3,"reasoning":null})");
}

TEST(CostReport, ACallWithoutAPriceCostsNothingAndItsProviderHasNone) {
  CallCounts counts;
  add_line(counts, call("gone", std::nullopt, 1'000'000, 1'000'000));
  const json::Value report = counts.report("run-1", 0);
  EXPECT_TRUE(report.find("providers")->find("gone")->find("price_per_mtok")->is_null());
  EXPECT_EQ(*report.find("total")->find("cost")->as_number(), 0.0);
}

/// Prices are those of when a call was made: a config that is changed later changes no cost.
TEST(CostReport, AProviderWhosePriceChangedCostsWhatEachCallDid) {
  CallCounts counts;
  add_line(counts, call("a", kCheap, 1'000'000, 0));
  add_line(counts, call("a", kDear, 1'000'000, 0));
  EXPECT_EQ(counts.cost(), 10.5);
  const json::Value report = counts.report("run-1", 0);
  EXPECT_TRUE(report.find("providers")->find("a")->find("price_per_mtok")->is_null());
  EXPECT_EQ(*report.find("providers")->find("a")->find("cost")->as_number(), 10.5);
}

TEST(CostReport, LateCallsAreInTheTotalAndApartAndThoseInDoubtInNeither) {
  CallCounts counts;
  counts.add(call("a", kCheap, 1'000'000, 0));
  Call late = call("a", kCheap, 1'000'000, 0);
  late.attempts = 2;
  counts.add(late, true);
  Call in_doubt = late;
  in_doubt.end = CallEnd::in_doubt;
  counts.add(in_doubt, true);
  EXPECT_EQ(counts.total().calls, 2u);
  EXPECT_EQ(counts.cost(), 1.0);
  EXPECT_EQ(counts.late().calls, 1u);
  EXPECT_EQ(counts.in_doubt().calls, 1u);
  EXPECT_EQ(json::canonical(*counts.report("run-1", 0).find("late")),
            R"({"attempts":2,"calls":1})");
}

TEST(CostReport, WhatAProviderClaimsMakesNoSumBeginAnew) {
  CallCounts counts;
  for (int i = 0; i < 3; ++i) {
    counts.add(call("a", kCheap, UINT64_MAX - 1, std::uint64_t{1} << 53));
  }
  EXPECT_EQ(counts.total().prompt_tokens, UINT64_MAX);
  EXPECT_EQ(counts.total().completion_tokens, std::uint64_t{3} << 53);
  const json::Value report = counts.report("run-1", 0);
  EXPECT_EQ(report.find("total")->find("prompt_tokens")->as_uint(), std::uint64_t{1} << 53);
  EXPECT_EQ(report.find("total")->find("completion_tokens")->as_uint(), std::uint64_t{1} << 53);
}

TEST(CostReport, TheSimulatorIsKnownByWhatItCallsItsModels) {
  CallCounts counts;
  Call one = call("a", kCheap, 1, 1);
  one.served_model = "large fd-simulator/1";
  counts.add(one);
  EXPECT_FALSE(counts.simulated());
  one.served_model = "fd-simulator/1";
  counts.add(one);
  EXPECT_TRUE(counts.simulated());
}

TEST(CostReport, OneCallCostsItsTokensTimesItsPrice) {
  EXPECT_EQ(cost_of(call("a", kDear, 100'000, 200'000)), 5.0);
  EXPECT_EQ(cost_of(call("a", std::nullopt, 100'000, 200'000)), 0.0);
}

TEST(CostReport, PricesBeyondAllMeasureAddUpToANumber) {
  constexpr double kMost = std::numeric_limits<double>::max();
  CallCounts counts;
  for (const char* endpoint : {"a", "b"}) {
    add_line(counts, call(endpoint, Price{kMost, kMost}, 1'000'000, 1'000'000));
  }
  const double of_both = 2 * (kMost / 1e6);
  EXPECT_EQ(counts.cost(), of_both);
  const json::Value report = counts.report("run-1", 0);
  EXPECT_EQ(*report.find("total")->find("cost")->as_number(), of_both);
  EXPECT_NE(json::canonical(report), "");
  // A file that somebody changed may have a price below nothing.
  add_line(counts, call("c", Price{-kMost, kMost}, 1'000'000, 1'000'000));
  EXPECT_EQ(counts.cost(), of_both);
}

TEST(CostReport, ModelsBeyondTheLimitCountAsOther) {
  CallCounts counts;
  const auto count = [&](std::size_t model) {
    Call made = call("cheap", kCheap, 1000, 0);
    made.served_model = "model " + std::to_string(model);
    add_line(counts, made);
  };
  for (std::size_t model = 0; model < kMaxCallGroups; ++model) {
    count(model);
  }
  const auto models = [&] { return *counts.report("r1", 0).find("by_served_model"); };
  EXPECT_EQ(models().as_object()->size(), kMaxCallGroups);
  EXPECT_EQ(models().find("other"), nullptr);
  count(kMaxCallGroups);
  count(kMaxCallGroups + 1);
  count(0);  // one that it has
  EXPECT_EQ(models().as_object()->size(), kMaxCallGroups + 1);
  ASSERT_NE(models().find("other"), nullptr);
  EXPECT_EQ(models().find("other")->find("calls")->as_uint(), 2u);
  EXPECT_EQ(models().find("model 0")->find("calls")->as_uint(), 2u);
  EXPECT_EQ(counts.total().calls, kMaxCallGroups + 3);
}

}  // namespace
}  // namespace fd
