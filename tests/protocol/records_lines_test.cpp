#include <string>

#include <gtest/gtest.h>

#include "protocol/records.hpp"

namespace fd {
namespace {

const std::string kIdHex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kKeyHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Sample full_sample() {
  Sample sample;
  sample.id = sha256("abc");
  sample.ordinal = 41;
  sample.canonical_input = R"({"instruction":"How many?","schema":"T: a, b"})";
  sample.id_fields = R"({"task_id":7})";
  sample.gold = "SELECT \"a\"\nFROM T";
  sample.database = kKeyHex;
  return sample;
}

Outcome full_outcome() {
  Outcome outcome;
  outcome.sample_id = sha256("abc");
  outcome.verdict = Verdict::kept;
  outcome.reason = Reason::none;
  outcome.chosen = 1;
  Candidate first;
  first.call_key = sha256("");
  first.text = "SELEC 1";
  first.clean_rule = "fence";
  first.rule = Reason::none;
  first.exec = ExecStatus::parse_error;
  first.error_class = "syntax_error";
  first.score = 0.0;
  outcome.candidates.push_back(first);
  Candidate second = first;
  second.index = 1;
  second.text = "SELECT 1";
  second.exec = ExecStatus::ok;
  second.error_class.clear();
  second.signature = kKeyHex;
  second.gold_match = true;
  second.score = 0.75;
  second.judge = 1.0;
  outcome.candidates.push_back(second);
  return outcome;
}

template <class T>
std::string line_of(const T& record) {
  std::string out;
  append_line(record, out);
  return out;
}

/// Expects `line` to be JCS text as it stands.
void expect_canonical(const std::string& line) {
  const Result<json::Value> value = json::parse_canonical(line);
  ASSERT_TRUE(value.ok()) << line << ": " << value.error().message;
  EXPECT_EQ(json::canonical(*value), line);
}

/// Returns `line` with `from` replaced by `to`, which must change it.
std::string edited(std::string line, const std::string& from, const std::string& to) {
  const std::size_t at = line.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? line : line.replace(at, from.size(), to);
}

template <class T>
void expect_corrupt(const Result<T>& result, const std::string& message) {
  ASSERT_FALSE(result.ok()) << message;
  EXPECT_EQ(result.error().code, Errc::corrupt);
  EXPECT_EQ(result.error().message, message);
}

TEST(SampleLine, HasItsGoldenText) {
  EXPECT_EQ(line_of(full_sample()),
            R"({"canonical_input":{"instruction":"How many?","schema":"T: a, b"},"database":")" +
                kKeyHex + R"(","gold":"SELECT \"a\"\nFROM T","id_fields":{"task_id":7},)" +
                R"("ordinal":41,"sample_id":")" + kIdHex + "\"}");
  Sample bare = full_sample();
  bare.gold.reset();
  bare.database.clear();
  bare.id_fields.clear();
  EXPECT_EQ(line_of(bare), R"({"canonical_input":{"instruction":"How many?","schema":"T: a, b"},)"
                           R"("ordinal":41,"sample_id":")" +
                               kIdHex + "\"}");
}

TEST(SampleLine, ComesBackAsItWas) {
  Sample sample = full_sample();
  expect_canonical(line_of(sample));
  EXPECT_EQ(from_line<Sample>(line_of(sample)).value(), sample);
  sample.gold = "";
  EXPECT_EQ(from_line<Sample>(line_of(sample)).value(), sample);
  sample.gold.reset();
  sample.database.clear();
  sample.id_fields.clear();
  sample.ordinal = std::uint64_t{1} << 53;
  EXPECT_EQ(from_line<Sample>(line_of(sample)).value(), sample);
}

// A row may hold 2.9514790517935283e20; its canonical text is a whole number that parse()
// refuses.
TEST(SampleLine, ComesBackWithNumbersThatTheCanonicalFormRounds) {
  Sample sample = full_sample();
  sample.canonical_input = R"({"x":295147905179352830000})";
  EXPECT_EQ(from_line<Sample>(line_of(sample)).value(), sample);
}

TEST(SampleLine, NamesTheKeyThatIsWrong) {
  const std::string line = line_of(full_sample());
  expect_corrupt(from_line<Sample>(edited(line, "\"ordinal\":41,", "")),
                 "sample: key \"ordinal\" is missing");
  expect_corrupt(from_line<Sample>(edited(line, ":41,", ":-1,")),
                 "sample: key \"ordinal\" is not a whole number in its range");
  expect_corrupt(from_line<Sample>(edited(line, ":41,", ":\"41\",")),
                 "sample: key \"ordinal\" is not a whole number in its range");
  expect_corrupt(from_line<Sample>(edited(line, kIdHex, kIdHex.substr(1))),
                 "sample: key \"sample_id\" is not a digest (64 lower-case hexadecimal digits)");
  expect_corrupt(from_line<Sample>(edited(line, kKeyHex, "../../etc/passwd")),
                 "sample: its database is not a digest (64 lower-case hexadecimal digits)");
  expect_corrupt(from_line<Sample>(edited(line, "\"gold\":", "\"golden\":")),
                 "sample: key \"golden\" is not known");
  expect_corrupt(from_line<Sample>(edited(line, "{\"task_id\":7}", "[7]")),
                 "sample: key \"id_fields\" is not an object");
  expect_corrupt(from_line<Sample>("[]"), "sample: not a JSON object");
  expect_corrupt(from_line<Sample>(line.substr(0, line.size() - 1)),
                 "sample: unexpected end of the text at byte " + std::to_string(line.size() - 1));
}

TEST(AnswerLine, HasItsGoldenTextAndComesBack) {
  Answer answer;
  answer.sample_id = sha256("abc");
  answer.call_key = sha256("");
  answer.candidate = 4294967295u;
  answer.model = "qwen3:0.6b";
  answer.text = "SELECT 'é'\t";
  answer.reasoning = "because";
  answer.finish_reason = "stop";
  EXPECT_EQ(line_of(answer), R"({"call_key":")" + kKeyHex +
                                 R"(","candidate":4294967295,"finish_reason":"stop",)" +
                                 R"("model":"qwen3:0.6b","reasoning":"because","sample_id":")" +
                                 kIdHex + R"(","text":"SELECT 'é'\t"})");
  expect_canonical(line_of(answer));
  EXPECT_EQ(from_line<Answer>(line_of(answer)).value(), answer);
  expect_corrupt(from_line<Answer>(edited(line_of(answer), "4294967295", "4294967296")),
                 "answer: key \"candidate\" is not a whole number in its range");
  expect_corrupt(from_line<Answer>(edited(line_of(answer), "\"because\"", "null")),
                 "answer: key \"reasoning\" is not a string");
}

TEST(CallLine, HasItsGoldenTextAndComesBack) {
  Call call;
  call.sample_id = sha256("abc");
  call.call_key = sha256("");
  call.candidate = 2;
  call.endpoint = "local";
  call.attempts = 3;
  call.http_status = 200;
  call.prompt_tokens = 120;
  call.completion_tokens = 17;
  call.queue_us = 5;
  call.service_us = 600000;
  EXPECT_EQ(line_of(call),
            R"({"attempts":3,"call_key":")" + kKeyHex +
                R"(","candidate":2,"completion_tokens":17,"end":"answered","endpoint":"local",)" +
                R"("http_status":200,"prompt_tokens":120,"queue_us":5,"sample_id":")" + kIdHex +
                R"(","service_us":600000})");
  expect_canonical(line_of(call));
  EXPECT_EQ(from_line<Call>(line_of(call)).value(), call);
  expect_corrupt(from_line<Call>(edited(line_of(call), "\"attempts\":3,", "")),
                 "call: key \"attempts\" is missing");
}

TEST(CallLine, WritesCountsBeyondADoubleAsTheLargestExactOne) {
  Call call;
  call.prompt_tokens = (std::uint64_t{1} << 53) + 1;
  call.completion_tokens = std::uint64_t{1} << 53;
  const Result<Call> again = from_line<Call>(line_of(call));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->prompt_tokens, std::uint64_t{1} << 53);
  EXPECT_EQ(again->completion_tokens, std::uint64_t{1} << 53);
}

TEST(OutcomeLine, HasItsGoldenText) {
  EXPECT_EQ(line_of(full_outcome()),
            R"({"candidates":[{"call_key":")" + kKeyHex +
                R"(","candidate":0,"clean_rule":"fence","error_class":"syntax_error",)" +
                R"("exec":"parse_error","gold_match":null,"judge":null,"rule":"ok","score":0,)" +
                R"("signature":"","text":"SELEC 1"},{"call_key":")" + kKeyHex +
                R"(","candidate":1,"clean_rule":"fence","error_class":"","exec":"ok",)" +
                R"("gold_match":true,"judge":1,"rule":"ok","score":0.75,"signature":")" + kKeyHex +
                R"(","text":"SELECT 1"}],"chosen":1,"reason":"ok","sample_id":")" + kIdHex +
                R"(","verdict":"kept"})");
  Outcome failed;
  failed.sample_id = sha256("abc");
  failed.gold_failed = true;
  EXPECT_EQ(line_of(failed), R"({"candidates":[],"chosen":null,"gold_failed":true,)"
                             R"("reason":"internal","sample_id":")" +
                                 kIdHex + R"(","verdict":"failed"})");
}

TEST(OutcomeLine, ComesBackAsItWas) {
  Outcome outcome = full_outcome();
  expect_canonical(line_of(outcome));
  EXPECT_EQ(from_line<Outcome>(line_of(outcome)).value(), outcome);
  outcome.verdict = Verdict::rejected;
  outcome.reason = Reason::gold_error;
  outcome.chosen.reset();
  outcome.gold_failed = true;
  outcome.candidates[1].gold_match = false;
  outcome.candidates[1].score = 1e-7;
  expect_canonical(line_of(outcome));
  EXPECT_EQ(from_line<Outcome>(line_of(outcome)).value(), outcome);
}

TEST(OutcomeLine, LeavesTheTimesOut) {
  Outcome outcome = full_outcome();
  const std::string line = line_of(outcome);
  outcome.times = {{StageId::teacher, 1, 2}};
  EXPECT_EQ(line_of(outcome), line);
}

TEST(OutcomeLine, NamesTheKeyThatIsWrong) {
  const std::string line = line_of(full_outcome());
  expect_corrupt(from_line<Outcome>(edited(line, "\"reason\":\"ok\"", "\"reason\":\"quota\"")),
                 "outcome: its reason does not belong to its verdict");
  expect_corrupt(from_line<Outcome>(edited(line, "\"reason\":\"ok\"", "\"reason\":\"fine\"")),
                 "outcome: key \"reason\" has an unknown value");
  expect_corrupt(from_line<Outcome>(edited(line, "\"chosen\":1,", "")),
                 "outcome: key \"chosen\" is missing");
  expect_corrupt(from_line<Outcome>(edited(line, "\"chosen\":1,", "\"chosen\":1.5,")),
                 "outcome: key \"chosen\" is not a whole number in its range");
  expect_corrupt(
      from_line<Outcome>(edited(line, "\"chosen\":1,", "\"chosen\":1,\"gold_failed\":false,")),
      "outcome: key \"gold_failed\" stands at its default");
  expect_corrupt(from_line<Outcome>(edited(line, "\"gold_match\":true", "\"gold_match\":1")),
                 "candidate: key \"gold_match\" is neither true nor false");
  expect_corrupt(from_line<Outcome>(edited(line, "\"score\":0.75", "\"score\":\"x\"")),
                 "candidate: key \"score\" is not a number");
  expect_corrupt(from_line<Outcome>(edited(line, "\"exec\":\"ok\"", "\"exec\":\"OK\"")),
                 "candidate: key \"exec\" has an unknown value");
  expect_corrupt(from_line<Outcome>(edited(line, "\"judge\":1,", "\"judge\":1,\"more\":1,")),
                 "candidate: key \"more\" is not known");
  expect_corrupt(from_line<Outcome>(R"({"candidates":{},"chosen":null})"),
                 "outcome: key \"candidates\" is no list");
}

}  // namespace
}  // namespace fd
