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
  const auto totals = [](const std::string& numbers, const std::string& tokens,
                         const std::string& more) {
    return "{" + numbers + "," + more + R"("tokens":{"cached_input":null,)" + tokens +
           R"(,"reasoning":null}})";
  };
  const auto first = [&](const std::string& price) {
    return totals(R"("answered":1,"attempts":1,"calls":1,"completion_tokens":0,"cost":0.5)",
                  R"("input":1000000,"output":0)", price + R"("prompt_tokens":1000000,)");
  };
  const auto judged = [&](const std::string& price) {
    return totals(R"("answered":1,"attempts":1,"calls":1,"completion_tokens":200000,"cost":5)",
                  R"("input":100000,"output":200000)", price + R"("prompt_tokens":100000,)");
  };
  const auto taught = [&](const std::string& price) {
    return totals(R"("answered":1,"attempts":4,"calls":2,"completion_tokens":0,"cost":0.5)",
                  R"("input":1000000,"output":0)", price + R"("prompt_tokens":1000000,)");
  };
  const std::string nameless =
      totals(R"("answered":0,"attempts":3,"calls":1,"completion_tokens":0,"cost":0)",
             R"("input":0,"output":0)", R"("prompt_tokens":0,)");
  const std::string all =
      totals(R"("answered":2,"attempts":5,"calls":3,"completion_tokens":200000,"cost":5.5)",
             R"("input":1100000,"output":200000)", R"("prompt_tokens":1100000,)");
  EXPECT_EQ(json::canonical(counts.report("run-1", 5)),
            R"({"by_role":{"judge":)" + judged("") + R"(,"teacher":)" + taught("") +
                R"(},"by_served_model":{"":)" + nameless + R"(,"large":)" + judged("") +
                R"(,"small":)" + first("") + R"(},"by_start":{"none":)" + all +
                R"(},"in_doubt":{"calls":1,"estimated_prompt_tokens":77},)"
                R"("late":{"attempts":0,"calls":0},"providers":{"cheap":)" +
                taught(R"("price_per_mtok":{"input":0.5,"output":1},)") + R"(,"dear":)" +
                judged(R"("price_per_mtok":{"input":10,"output":20},)") +
                R"(},"run_id":"run-1","tokens":{"cached_input":null,"input":1100000,)"
                R"("output":200000,"reasoning":null},"total":)" +
                all + R"(,"unknown":{"calls":5},"unpriced":{"calls":0},"unreported":{"calls":0}})");
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

TEST(CostReport, ACallWithoutAPriceCostsWhatNobodyKnowsAndItsProviderHasNone) {
  CallCounts counts;
  EXPECT_EQ(json::canonical(*counts.report("run-1", 0).find("total")->find("cost")), "0");
  add_line(counts, call("gone", std::nullopt, 1'000'000, 1'000'000));
  json::Value report = counts.report("run-1", 0);
  EXPECT_TRUE(report.find("providers")->find("gone")->find("price_per_mtok")->is_null());
  EXPECT_TRUE(report.find("total")->find("cost")->is_null());
  add_line(counts, call("here", kCheap, 1'000'000, 0));
  report = counts.report("run-1", 0);
  EXPECT_TRUE(report.find("providers")->find("gone")->find("cost")->is_null());
  EXPECT_EQ(*report.find("total")->find("cost")->as_number(), 0.5);
}

TEST(CostReport, CachedAndReasoningTokensAreThoseThatWereSaid) {
  CallCounts counts;
  Call silent = call("a", kCheap, 100, 10);
  add_line(counts, silent);
  const auto tokens = [&counts] {
    return json::canonical(*counts.report("run-1", 0).find("tokens"));
  };
  EXPECT_EQ(tokens(), R"({"cached_input":null,"input":100,"output":10,"reasoning":null})");
  Call none = call("a", kCheap, 100, 10);
  none.cached_tokens = 0;
  add_line(counts, none);
  EXPECT_EQ(tokens(), R"({"cached_input":0,"input":200,"output":20,"reasoning":null})");
  Call told = call("a", kCheap, 100, 10);
  told.cached_tokens = 60;
  told.reasoning_tokens = 7;
  add_line(counts, told);
  told.cached_tokens = 101;  // more than all of them
  told.reasoning_tokens = 11;
  counts.add(told);
  EXPECT_EQ(tokens(), R"({"cached_input":160,"input":400,"output":40,"reasoning":17})");
  EXPECT_EQ(
      json::canonical(*counts.report("run-1", 0).find("providers")->find("a")->find("tokens")),
      tokens());
}

TEST(CostReport, CachedTokensCostTheirOwnPriceWhereOneIsGiven) {
  Call made = call("a", kCheap, 1'000'000, 1'000'000);
  made.cached_tokens = 600'000;
  EXPECT_EQ(cost_of(made), 1.5);
  made.price->cached_input = 0.25;
  EXPECT_EQ(cost_of(made), 0.4 * 0.5 + 0.6 * 0.25 + 1.0);
  CallCounts counts;
  add_line(counts, made);
  EXPECT_EQ(counts.cost(), cost_of(made));
  EXPECT_EQ(json::canonical(
                *counts.report("run-1", 0).find("providers")->find("a")->find("price_per_mtok")),
            R"({"cached_input":0.25,"input":0.5,"output":1})");
  made.cached_tokens.reset();
  EXPECT_EQ(cost_of(made), 1.5);
}

TEST(CostReport, EachStartHasItsOwnBill) {
  CallCounts counts(CallStarts({{1, 0}, {2, 4}}));
  Call made = call("a", kCheap, 1'000'000, 0);
  made.fence = 4;
  add_line(counts, made);
  made.price = kDear;  // the config was changed meanwhile
  made.fence = 5;
  add_line(counts, made);
  made.price.reset();
  counts.add(made, true);
  const json::Value report = counts.report("run-1", 0);
  const json::Value* starts = report.find("by_start");
  EXPECT_EQ(json::canonical(*starts->find("1")->find("cost")), "0.5");
  EXPECT_EQ(json::canonical(*starts->find("2")->find("cost")), "10");
  EXPECT_EQ(starts->find("2")->find("calls")->as_uint(), 2u);
  EXPECT_EQ(starts->as_object()->size(), 2u);
}

TEST(CostReport, AnAnswerThatCameWithoutACountOfTokensIsUnreported) {
  CallCounts counts;
  Call made = call("a", kCheap, 5, 0);
  made.tokens_unknown = true;
  add_line(counts, made);
  EXPECT_EQ(counts.total().unreported, 1u);
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
