#include "coordinator/inspect/explain.hpp"

#include <gtest/gtest.h>

#include "actors/storage/files.hpp"
#include "coordinator/shards/files.hpp"
#include "tests/coordinator/inspect/inspect_fixture.hpp"
#include "tests/coordinator/shards/artifacts_fixture.hpp"

namespace fd {
namespace {

using namespace testing_support;  // NOLINT: the fixture of this test

std::string explained(const InspectedRun& run, const std::string& id) {
  const auto text = explain_sample(run.dir(), id);
  EXPECT_TRUE(text.ok()) << (text.ok() ? "" : text.error().message);
  return text.ok() ? *text : "";
}

Error refused(const InspectedRun& run, const std::string& id) {
  const auto text = explain_sample(run.dir(), id);
  EXPECT_FALSE(text.ok());
  return text.ok() ? Error{} : text.error();
}

TEST(Explain, TellsARejectedSamplesWholeLife) {
  const InspectedRun run(RunProgress::finished);
  const Sample& sample = run.samples().at(1);
  const Candidate& candidate = run.outcome(sample.id).candidates.front();
  const std::string asked = std::to_string(
      std::stoi(sample.canonical_input.substr(sample.canonical_input.find("than ") + 5)));
  const std::string shard = std::to_string(shard_of(sample.id, 2));
  const std::string line =
      std::to_string(sample.ordinal == 0 ? 1 : sample.ordinal + 2);  // a blank line is the second
  EXPECT_EQ(explained(run, sample.id.hex()), "sample " + sample.id.hex() + R"(
   verdict       rejected: gold_mismatch
   because       the result is not the gold's
   instruction   who has more than )" + asked +
                                                 R"( posts?
   schema        users(id, posts)
   gold          SELECT id FROM users WHERE posts > )" +
                                                 asked + R"(
   database      databases/)" + sample.database +
                                                 R"(
   from          row )" + std::to_string(sample.ordinal + 1) +
                                                 " of " + run.input() + ", line " + line + R"(
   shard         )" + shard + R"( of 2, committed

call of candidate 0
   call key      )" + candidate.call_key.hex() + R"(
   endpoint      local, HTTP 200
   attempts      1
   tokens        100 in, 20 out; cost 0.00014
   time          0.005 ms waiting, 1.001 ms at the endpoint
   served by     qwen3:0.6b

answer to the call of candidate 0
   ended         stop
   text          ```sql
                 SELECT COUNT(id) FROM users WHERE posts > 1;
                 ```

candidate 0, the one that got furthest
   cleaned by    fence
   cleaned       SELECT COUNT(id) FROM users WHERE posts > 1
   rules         ok
   exec          ok, not the gold's result, score 0.5
   result        )" + candidate.signature + R"(

   exported to   export/rejected.jsonl
)");
}

TEST(Explain, ThePrefixOfAnIdWillDo) {
  const InspectedRun run(RunProgress::finished);
  const std::string id = run.samples().at(0).id.hex();
  EXPECT_EQ(explained(run, id.substr(0, 6)), explained(run, id));
}

TEST(Explain, AKeptSampleIsFoundInTheSplitItIsExportedTo) {
  const InspectedRun run(RunProgress::finished);
  const auto files = run.files();
  for (const Sample& sample : run.samples()) {
    const std::string text = explained(run, sample.id.hex());
    const std::size_t at = text.find("exported to   ");
    ASSERT_NE(at, std::string::npos);
    const std::string file = text.substr(at + 14, text.size() - at - 15);
    EXPECT_TRUE(holds(files.at(file), sample.id.hex())) << file;
  }
}

TEST(Explain, WhatIsNoIdIsRefused) {
  const InspectedRun run(RunProgress::ingested);
  for (const std::string id : {"12345", "12345G", "ABCDEF"}) {
    const Error error = refused(run, id);
    EXPECT_EQ(error.code, Errc::invalid_input);
    EXPECT_EQ(error.message, "\"" + id +
                                 "\" is no sample_id: give its 64 lower-case hexadecimal "
                                 "digits, or the first 6 or more");
  }
  EXPECT_EQ(refused(run, std::string(65, '0')).code, Errc::invalid_input);
}

TEST(Explain, AnUnknownIdIsNotFound) {
  const InspectedRun run(RunProgress::ingested);
  Error error = refused(run, "000000");
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.message,
            "no sample of text2sql-1 has the id 000000... (fd-coordinator ids lists them)");
  error = refused(run, std::string(64, '0'));
  EXPECT_EQ(error.message, "no sample of text2sql-1 has the id " + std::string(64, '0') +
                               " (fd-coordinator ids lists them)");
  const auto none = explain_sample(RunDir(fresh_folder()), "000000");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_TRUE(none.error().message.ends_with(": is no run folder (it has no run.json)"));
}

TEST(Explain, APrefixOfSeveralIdsListsThem) {
  const InspectedRun run(RunProgress::ingested);
  // Seven ids that share their first seven digits, in the one shard they fall into.
  const std::string digits = "0000000";
  std::string text;
  Manifest manifest = *read_shard_manifest(run.dir(), 0);
  std::string listed;
  for (int i = 1; i <= 7; ++i) {
    Sample sample = run.samples().front();
    sample.id = *Digest::from_hex(digits + std::to_string(i) + std::string(56, '0'));
    append_line(sample, text);
    text += "\n";
    listed += i <= 5 ? "\n  " + sample.id.hex() : "";
  }
  FileDigest digest;
  digest.update(text);
  manifest.files = {digest.finish("input.jsonl")};
  manifest.count = 7;
  put_bytes(run.dir().shard_file(0, "input.jsonl"), text);
  put_bytes(run.dir().shard_file(0, "manifest.json"), json::pretty(to_json(manifest)));
  const Error error = refused(run, digits);
  EXPECT_EQ(error.code, Errc::invalid_input);
  EXPECT_EQ(error.message,
            "more than one sample has an id that begins with 0000000; give more "
            "digits:" +
                listed + "\n  ...");
  EXPECT_TRUE(holds(explained(run, digits + "3"), "sample 00000003"));
}

TEST(Explain, ASampleOfAShardThatIsNotWrittenShowsWhatTheLedgerHas) {
  const InspectedRun run(RunProgress::first_half);
  const Sample& sample = run.samples().back();
  ASSERT_EQ(shard_of(sample.id, 2), 1u);
  const std::string text = explained(run, sample.id.hex());
  EXPECT_TRUE(holds(text, "   verdict       none yet\n"));
  EXPECT_TRUE(holds(text,
                    "\nnot written yet\n"
                    "   answers       1 of 1 on record\n"
                    "   outcome       none yet\n"
                    "   last lease    fence 2, to the worker local-0\n"));
  EXPECT_TRUE(holds(text, "call of candidate 0\n"));
  EXPECT_TRUE(holds(text, "answer to the call of candidate 0\n"));
  EXPECT_FALSE(holds(text, "exported to"));
  const std::string first = explained(run, run.samples().front().id.hex());
  EXPECT_TRUE(holds(first, "jsonl, once the run is merged\n"));
}

TEST(Explain, TheLedgerOfALiveRunIsNotTouched) {
  const InspectedRun run(RunProgress::first_half);
  const auto held = run.hold();
  const std::string text = explained(run, run.samples().back().id.hex());
  EXPECT_TRUE(holds(text,
                    "   ledger        a coordinator is at work; what it has recorded is told once "
                    "it has ended\n"));
  EXPECT_FALSE(holds(text, "answer to the call"));
}

TEST(Explain, AnInputThatHasChangedIsSaidToBeGone) {
  const InspectedRun run(RunProgress::ingested);
  put_bytes(run.input(), "{}\n");
  const std::string text = explained(run, run.samples().front().id.hex());
  EXPECT_TRUE(holds(text, " of " + run.input() + " (the file is not there as it was)\n"));
}

TEST(Explain, FailuresInDoubtAndLateAnswersAreTold) {
  SampleLife life;
  life.sample.id = sample_id(1);
  life.sample.canonical_input = "{}";
  life.origin = "row 1 of standard input";
  life.shards = 1;
  life.state = ShardFileState::failed;
  life.merged = true;
  FinishedSample failed = failed_sample(1, Reason::attempts_exhausted);
  life.calls = failed.calls;
  life.calls.push_back(failed.calls.front());
  life.calls.back().end = CallEnd::in_doubt;
  life.calls.back().http_status = 0;
  life.calls.back().endpoint = "elsewhere";
  life.calls.back().price.reset();
  life.outcome = failed.outcome;
  life.answers = kept_sample(2).answers;
  life.late_answers = kept_sample(3).answers;
  const std::string text = render_life(life, artifacts_config());
  EXPECT_TRUE(holds(text,
                    "   verdict       failed: attempts_exhausted\n"
                    "   because       every attempt of gateway.retry.max_attempts failed\n"));
  EXPECT_TRUE(holds(text, "   error         HTTP 500: overloaded\n"));
  EXPECT_TRUE(holds(text, "   endpoint      elsewhere, no reply\n"));
  EXPECT_TRUE(holds(text, "cost unknown: its provider has no price\n"));
  EXPECT_TRUE(holds(text, "1.001 ms at the endpoint\n"));
  life.calls.back().connect_us = 250;
  EXPECT_TRUE(holds(render_life(life, artifacts_config()),
                    "1.001 ms at the endpoint (connecting 0.25 ms)\n"));
  life.calls.back().first_byte_us = 700;
  EXPECT_TRUE(holds(render_life(life, artifacts_config()),
                    "at the endpoint (connecting 0.25 ms, first byte after 0.7 ms)\n"));
  EXPECT_TRUE(holds(text,
                    "   in doubt      its worker ended while it was under way: possibly "
                    "billed, the answer is lost; the tokens are an estimate\n"));
  EXPECT_TRUE(holds(text,
                    "   paid by       another run, or not known: no call of this run is on "
                    "record\n"));
  EXPECT_TRUE(holds(text, "late answer, which is not used, to the call of candidate 0\n"));
  EXPECT_TRUE(
      holds(text, "   exported to   nowhere: failed is never final, a resume asks again\n"));
}

/// Found: each answer but the first of a purchase was said to be paid by another run.
TEST(Explain, APurchaseIsWhatPaidForEachOfItsAnswers) {
  SampleLife life;
  life.shards = 1;
  FinishedSample sample = kept_sample(1);
  life.sample.id = sample.answers.front().sample_id;
  life.calls = sample.calls;
  life.calls.front().count = 2;
  life.answers = sample.answers;
  life.answers.push_back(life.answers.front());
  life.answers.back().candidate = 1;
  life.answers.back().call_key = sha256("another");
  std::string text = render_life(life, artifacts_config());
  EXPECT_TRUE(holds(text, "   asked for     2 candidates at once, from 0 on\n"));
  EXPECT_FALSE(holds(text, "paid by"));
  life.answers.back().candidate = 2;
  EXPECT_TRUE(holds(render_life(life, artifacts_config()), "paid by"));
}

TEST(Explain, EveryReasonHasAMeaning) {
  for (std::uint64_t number = 0; number < 256; ++number) {
    if (const auto reason = from_number<Reason>(number)) {
      EXPECT_NE(meaning_of(*reason), "of another version") << name(*reason);
    }
  }
}

}  // namespace
}  // namespace fd
