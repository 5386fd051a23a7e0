#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "actors/gateway/openai/openai_codec.hpp"
#include "actors/gateway/openai/reply_body.hpp"
#include "actors/gateway/openai/reply_reader.hpp"
#include "protocol/json/json.hpp"
#include "tests/actors/gateway/openai/decoded_reply.hpp"

namespace fd {
namespace {

ChatCall call_of(std::string content) {
  ChatCall call;
  call.model = "qwen3:0.6b";
  call.messages = {{"system", "Return SQL only."}, {"user", std::move(content)}};
  call.decode.seed = 124;
  return call;
}

std::string request_of(const ChatCall& call) {
  std::string out;
  append_request(call, {}, out);
  return out;
}

TEST(Encode, WritesCanonicalJsonWithEveryParameter) {
  ChatCall call = call_of("a \"quoted\"\nline, caf\u00e9");
  call.decode.stop = {";", "\n\n"};
  call.decode.n = 4;
  EXPECT_EQ(request_of(call),
            R"({"max_tokens":512,"messages":[{"content":"Return SQL only.","role":"system"},)"
            "{\"content\":\"a \\\"quoted\\\"\\nline, caf\u00e9\",\"role\":\"user\"}],"
            R"("model":"qwen3:0.6b","seed":124,"stop":[";","\n\n"],"temperature":0.2,)"
            R"("top_p":1})");
}

TEST(Encode, IsWhatTheCanonicalWriterWouldWrite) {
  ChatCall call = call_of(std::string("\x01\x7f\0 / \\ \xF0\x9F\x98\x80", 12));
  call.decode.temperature = 1e-7;
  call.decode.seed = -9007199254740991;
  const std::string text = request_of(call);
  const auto parsed = json::parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(json::canonical(parsed.value()), text);
}

TEST(Encode, LeavesOutSeedAndStopWhenThereAreNone) {
  ChatCall call = call_of("x");
  call.decode.seed.reset();
  EXPECT_EQ(request_of(call).find("seed"), std::string::npos);
  EXPECT_EQ(request_of(call).find("stop"), std::string::npos);
}

TEST(Encode, AppendsToWhatIsThere) {
  std::string out = "before";
  append_request(call_of("x"), {}, out);
  EXPECT_EQ(out, "before" + request_of(call_of("x")));
}

TEST(Decode, ReadsEveryPartOfAnAnswer) {
  const OneAnswer completion = good(
      R"( {"id":"c","object":"chat.completion","created":1,"model":"served-1","choices":[)"
      R"({"index":0,"message":{"role":"assistant","content":"SELECT 1",)"
      R"("reasoning_content":"think",)"
      R"("refusal":null,"tool_calls":[]},"logprobs":null,"finish_reason":"stop"},)"
      R"({"index":1,"message":{"content":"other"}}],"usage":{"prompt_tokens":12,)"
      R"("completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":0}},)"
      R"("error":null,"system_fingerprint":null})"
      "\n");
  EXPECT_EQ(completion, (OneAnswer{"served-1", "SELECT 1", "think", "stop", {12, 5, 0, {}}}));
}

TEST(Decode, TakesContentInAllItsForms) {
  EXPECT_EQ(good(with_message(R"("content":"")")).text, "");
  EXPECT_EQ(good(with_message(R"("content":null)")).text, "");
  EXPECT_EQ(good(with_message(R"("content":[])")).text, "");
  EXPECT_EQ(good(with_message(R"("content":[{"type":"text","text":"SELECT"}," ",)"
                              R"({"type":"image_url","image_url":{"url":"x"},"text":"no"},)"
                              R"({"text":"1","type":"output_text"},7,null,{"type":"text"}])"))
                .text,
            "SELECT 1");
}

TEST(Decode, KeepsAnAnswerThatRanOutOfTokensWhileReasoning) {
  const OneAnswer completion =
      good(with_message(R"("content":null,"reasoning":"so long")", "\"length\""));
  EXPECT_EQ(completion.text, "");
  EXPECT_EQ(completion.reasoning, "so long");
  EXPECT_EQ(completion.finish_reason, "length");
}

TEST(Decode, TakesReasoningFromEitherField) {
  EXPECT_EQ(
      good(with_message(R"("content":"x","reasoning":"a","reasoning_content":null)")).reasoning,
      "a");
  EXPECT_EQ(good(with_message(R"("content":"x","reasoning_content":"b")")).reasoning, "b");
  EXPECT_EQ(good(with_message(R"("content":"x","reasoning":{"summary":[]})")).reasoning, "");
}

TEST(Decode, TurnsARefusalIntoAnEmptyAnswer) {
  for (const char* members :
       {R"("content":null,"refusal":"I cannot")", R"("content":"","refusal":"I cannot")",
        R"("content":[{"type":"refusal","refusal":"I cannot"}])"}) {
    const OneAnswer completion = good(with_message(members));
    EXPECT_EQ(completion.text, "") << members;
    EXPECT_EQ(completion.finish_reason, "refusal") << members;
  }
  EXPECT_EQ(good(with_message(R"("content":"SELECT 1","refusal":"hm")")).finish_reason, "stop");
  EXPECT_EQ(good(with_message(R"("content":"SELECT 1","refusal":"")")).finish_reason, "stop");
}

TEST(Decode, KeepsAWithheldAnswerWithItsReason) {
  const OneAnswer completion = good(with_message(R"("content":null)", "\"content_filter\""));
  EXPECT_EQ(completion.text, "");
  EXPECT_EQ(completion.finish_reason, "content_filter");
}

TEST(Decode, AnAnswerThatTheServerGaveUpIsNone) {
  for (const char* word : {"abort", "error", "ABORT"}) {
    const Reply reply = decode_reply(
        200, with_message(R"("content":"SELECT a FR")", '"' + std::string(word) + '"'));
    ASSERT_TRUE(std::holds_alternative<BadReply>(reply)) << word;
    EXPECT_EQ(std::get<BadReply>(reply).status, 200u);
    EXPECT_EQ(std::get<BadReply>(reply).message,
              "HTTP 200: the server gave the answer up (finish_reason " + std::string(word) +
                  "): SELECT a FR");
  }
}

TEST(Decode, TakesTheChoiceOfTheLowestIndexWhereverItStands) {
  const auto choice = [](const std::string& index, const std::string& text) {
    return "{\"message\":{\"content\":\"" + text + "\"}," + index + "\"finish_reason\":\"stop\"}";
  };
  const auto text = [](const std::string& choices) {
    return good("{\"choices\":[" + choices + "]}").text;
  };
  EXPECT_EQ(text(choice("\"index\":1,", "b") + "," + choice("\"index\":0,", "a")), "a");
  EXPECT_EQ(text(choice("\"index\":0,", "a") + "," + choice("\"index\":1,", "b")), "a");
  EXPECT_EQ(text(choice("", "a") + "," + choice("", "b")), "a");
  EXPECT_EQ(text(choice("\"index\":\"x\",", "a") + "," + choice("\"index\":null,", "b")), "a");
}

// --- several candidates -------------------------------------------------------------------------

std::string choice_of(const std::string& index, const std::string& text,
                      const std::string& finish = "stop") {
  return R"({"index":)" + index + R"(,"message":{"content":")" + text + R"("},"finish_reason":")" +
         finish + "\"}";
}

/// Returns number and text of each answer of a reply with these choices, and how many there were.
std::string read_choices(const std::string& choices, std::uint32_t count) {
  const Completion completion = several("{\"choices\":[" + choices + "]}", count);
  std::string out;
  for (const CompletionChoice& choice : completion.choices) {
    out += std::to_string(choice.number) + choice.text + " ";
  }
  return out + "of " + std::to_string(completion.choice_count);
}

TEST(Encode, AsksForSeveralCandidatesAtOnceAndForOneWithoutN) {
  ChatCall call = call_of("x");
  EXPECT_EQ(request_of(call).find("\"n\""), std::string::npos);
  call.count = 3;
  EXPECT_NE(request_of(call).find(R"(,"n":3,)"), std::string::npos) << request_of(call);
}

TEST(Decode, NumbersChoicesByTheirIndexes) {
  EXPECT_EQ(read_choices(choice_of("1", "b") + "," + choice_of("0", "a"), 2), "0a 1b of 2");
  EXPECT_EQ(read_choices(choice_of("2", "c") + "," + choice_of("0", "a"), 3), "0a 2c of 2");
}

TEST(Decode, NumbersChoicesByTheirOrderWhereIndexesMakeNoSense) {
  EXPECT_EQ(read_choices(choice_of("0", "a") + "," + choice_of("0", "b"), 2), "0a 1b of 2");
  EXPECT_EQ(read_choices(choice_of("2", "b") + "," + choice_of("1", "a"), 2), "0a 1b of 2");
  EXPECT_EQ(read_choices(choice_of("null", "a") + "," + choice_of("null", "b"), 2), "0a 1b of 2");
}

TEST(Decode, LeavesOutMoreChoicesThanWereAskedFor) {
  EXPECT_EQ(read_choices(choice_of("0", "a") + "," + choice_of("1", "b"), 1), "0a of 1");
}

TEST(Decode, KeepsTheAnswersBesideAChoiceThatIsNone) {
  const std::string broken = choice_of("0", "SELECT a FR", "abort");
  EXPECT_EQ(read_choices(broken + "," + choice_of("1", "b"), 2), "1b of 2");
  EXPECT_EQ(read_choices(R"({"index":0,"message":{"content":7}},)" + choice_of("1", "b"), 2),
            "1b of 2");
  EXPECT_EQ(bad(200, "{\"choices\":[" + broken + "," + broken + "]}").message,
            "HTTP 200: the server gave the answer up (finish_reason abort): SELECT a FR");
}

TEST(Decode, LooksAtNoMoreChoicesThanItsLimit) {
  std::string choices = choice_of("0", "x");
  for (std::size_t i = 1; i <= kMaxReplyChoices; ++i) {
    choices += "," + choice_of(std::to_string(i), "x");
  }
  const Completion completion = several("{\"choices\":[" + choices + "]}", 1000);
  EXPECT_EQ(completion.choice_count, kMaxReplyChoices);
}

TEST(Decode, KeepsAPaidAnswerInDamagedText) {
  const std::string mark = "\xEF\xBF\xBD";
  const auto text = [](const std::string& content) {
    return good(with_message("\"content\":\"" + content + "\"")).text;
  };
  EXPECT_EQ(text("a\\ud800b"), "a" + mark + "b");
  EXPECT_EQ(text("a\\udc00\\ud83d"), "a" + mark + mark);
  EXPECT_EQ(text("\\ud800\\ud83d\\ude00"), mark + "\xF0\x9F\x98\x80");
  EXPECT_EQ(text("\\ud83d\\u0041"), mark + "A");
  EXPECT_EQ(text("a\xFF\xC3(b"), "a" + mark + mark + "(b");
  EXPECT_EQ(text("a\xED\xA0\x80z"), "a" + mark + mark + mark + "z");
  EXPECT_EQ(text("tab\there\nand \x1b[1m"), "tab\there\nand \x1b[1m");
  EXPECT_EQ(text("a\\qb\\u12G4"), "a" + mark + "qb" + mark + "u12G4");
  EXPECT_EQ(text("\\u0000|\\u2028|\\\\|\\/|\\\"|\\b\\f\\n\\r\\t"),
            std::string("\0|\xE2\x80\xA8|\\|/|\"|\b\f\n\r\t", 17));
  EXPECT_TRUE(json::valid_utf8(text("\xF0\x9F\\ud83d\x80")));
}

TEST(Decode, KeepsAPaidAnswerThatAStrictParserRefuses) {
  const std::string content = R"("content":"x")";
  EXPECT_EQ(good("\xEF\xBB\xBF" + with_message(content)).text, "x");
  EXPECT_EQ(good(with_message(R"("content":"first","content":"x")")).text, "x");
  EXPECT_EQ(good(with_message(content + R"(,"logprobs":[NaN,-Infinity,1e999],)"
                                        R"("id":123456789012345678901234567890)"))
                .text,
            "x");
  EXPECT_EQ(good(with_message(content + R"(,"junk":"\q \" \\","deep":[[[{"a":[]}]]])")).text, "x");
}

TEST(Decode, TakesUsageOnlyWhenItMakesSense) {
  const auto usage = [](const std::string& text) {
    std::string body = with_message(R"("content":"x")");
    body.insert(body.size() - 1, ",\"usage\":" + text);
    return good(body).usage;
  };
  EXPECT_EQ(usage("null"), (TokenUsage{0, 0}));
  EXPECT_EQ(usage("[1,2]"), (TokenUsage{0, 0}));
  EXPECT_EQ(usage(R"({"prompt_tokens":-1,"completion_tokens":1.5})"), (TokenUsage{0, 0}));
  EXPECT_EQ(usage(R"({"prompt_tokens":"12","completion_tokens":1e400})"), (TokenUsage{0, 0}));
  EXPECT_EQ(usage(R"({"prompt_tokens":9007199254740992,"completion_tokens":9007199254740994})"),
            (TokenUsage{9007199254740992u, 0}));
  EXPECT_EQ(usage(R"({"prompt_tokens":12.0,"completion_tokens":null})"), (TokenUsage{12, 0}));
  EXPECT_EQ(good(with_message(R"("content":"x")")).usage, (TokenUsage{0, 0}));
}

TEST(Decode, AcceptsAnAnswerWithoutAModelOrAFinishReason) {
  const OneAnswer completion = good(R"({"choices":[{"message":{"content":"x"}}]})");
  EXPECT_EQ(completion, (OneAnswer{"", "x", "", "", {}, true}));
  EXPECT_EQ(good(with_message(R"("content":"x")", "null")).finish_reason, "");
  EXPECT_EQ(good(R"({"model":7,"choices":[{"message":{"content":"x"}}]})").served_model, "");
}

struct BadCase {
  const char* body;
  const char* message;
};

TEST(Decode, NamesWhatIsMissing) {
  const BadCase cases[] = {
      {"", "HTTP 200: empty body"},
      {" \r\n", "HTTP 200: empty body"},
      {"null", "HTTP 200: not one whole JSON object: null"},
      {"[]", "HTTP 200: not one whole JSON object: []"},
      {"{}", "HTTP 200: no choices: {}"},
      {R"({"choices":[]})", R"(HTTP 200: no choices: {"choices":[]})"},
      {R"({"choices":null})", R"(HTTP 200: no choices: {"choices":null})"},
      {R"({"choices":{"0":1}})", R"(HTTP 200: no choices: {"choices":{"0":1}})"},
      {R"({"choices":[3]})", R"(HTTP 200: no message in choices[0]: {"choices":[3]})"},
      {R"({"choices":[{}]})", R"(HTTP 200: no message in choices[0]: {"choices":[{}]})"},
      {R"({"choices":[{"message":"x"}]})",
       R"(HTTP 200: no message in choices[0]: {"choices":[{"message":"x"}]})"},
      {R"({"choices":[{"message":{}}]})",
       R"(HTTP 200: no content in choices[0].message: {"choices":[{"message":{}}]})"},
      {R"({"choices":[{"message":{"content":7}}]})",
       R"(HTTP 200: content is neither text nor parts: {"choices":[{"message":{"content":7}}]})"},
      {R"({"choices":[{"message":{"content":{}}}]})",
       R"(HTTP 200: content is neither text nor parts: {"choices":[{"message":{"content":{}}}]})"},
      {"<html>\n<b>\x1b[31mBad\x7f</b>",
       "HTTP 200: not one whole JSON object: <html>\\u000a<b>\\u001b[31mBad\\u007f</b>"},
      {R"({"choices":[]} {"choices":[]})",
       R"(HTTP 200: not one whole JSON object: {"choices":[]} {"choices":[]})"},
      {R"({"error":{"message":"model is busy","code":"x"}})",
       "HTTP 200: error in the reply: model is busy"},
      {R"({"choices":[{"message":{"content":"hal"},"finish_reason":"error",)"
       R"("error":{"message":"upstream died","code":502}}]})",
       "HTTP 502: error in the reply: upstream died"},
  };
  for (const BadCase& expected : cases) {
    EXPECT_EQ(bad(200, expected.body).message, expected.message);
  }
}

TEST(Decode, RefusesEveryTruncationOfAWholeReply) {
  // Method: every proper prefix of replies with all the structure that there is.
  const std::string bodies[] = {
      with_message(R"("content":"caf\u00e9 \ud83d\ude00 \" \\","refusal":null)"),
      with_message(R"("content":[{"type":"text","text":"SELECT 1"}],"x":[1.5e3,true,null,{}])"),
      R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":12}})",
  };
  for (const std::string& body : bodies) {
    good(body);
    for (std::size_t length = 0; length < body.size(); ++length) {
      const BadReply reply = bad(200, std::string_view(body).substr(0, length));
      EXPECT_EQ(reply.status, 200u);
      EXPECT_EQ(reply.message.find(length == 0 ? "HTTP 200: empty body"
                                               : "HTTP 200: not one whole JSON object: "),
                0u)
          << reply.message;
    }
  }
}

TEST(Decode, SurvivesEveryOneByteChange) {
  // Method: each byte replaced by ones that matter to the grammar; whatever comes out must be
  // UTF-8.
  const std::string body =
      with_message("\"content\":[{\"type\":\"text\",\"text\":\"caf\u00e9 \\ud83d\\ude00\"}]");
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (const char byte : {'"', '\\', '{', '}', '[', ']', ',', ':', '\0', '\xFF', '7'}) {
      std::string changed = body;
      changed[at] = byte;
      const Reply reply = decode_reply(200, changed);
      if (const auto* completion = std::get_if<Completion>(&reply)) {
        EXPECT_TRUE(json::valid_utf8(completion->choices.at(0).text));
      } else {
        EXPECT_TRUE(json::valid_utf8(std::get<BadReply>(reply).message));
      }
    }
  }
}

TEST(Decode, FollowsNestingToItsLimitOnly) {
  const auto nested = [](int depth) {  // the innermost arrays stand in four brackets already
    const auto count = static_cast<std::size_t>(depth - 4);
    return with_message("\"content\":\"x\",\"x\":" + std::string(count, '[') +
                        std::string(count, ']'));
  };
  EXPECT_EQ(good(nested(ReplyReader::kMaxDepth)).text, "x");
  EXPECT_NE(bad(200, nested(ReplyReader::kMaxDepth + 1)).message.find("not one whole JSON object"),
            std::string::npos);
  bad(200, std::string(1u << 20, '['));
}

TEST(Decode, QuotesTheProvidersOwnWordsOfAnError) {
  const BadReply reply = bad(400, R"({"error":{"message":"max_tokens\ntoo big","type":"t",)"
                                  R"("param":null,"code":"bad"}})");
  EXPECT_EQ(reply.status, 400u);
  EXPECT_EQ(reply.message, "HTTP 400: max_tokens\\u000atoo big");
  EXPECT_EQ(bad(404, R"({"error":"model not found"})").message, "HTTP 404: model not found");
  EXPECT_EQ(bad(422, R"({"detail":"bad seed"})").message, "HTTP 422: bad seed");
  EXPECT_EQ(bad(500, R"({"object":"error","message":"boom"})").message, "HTTP 500: boom");
  EXPECT_EQ(bad(502, "<html>Bad Gateway</html>").message, "HTTP 502: <html>Bad Gateway</html>");
  EXPECT_EQ(bad(503, "").message, "HTTP 503: empty body");
  EXPECT_EQ(bad(302, with_message(R"("content":"x")")).status, 302u);
}

TEST(Decode, CutsWhatItQuotes) {
  const std::string exactly(200, 'x');
  EXPECT_EQ(bad(500, exactly).message, "HTTP 500: " + exactly);
  EXPECT_EQ(bad(500, exactly + "y").message, "HTTP 500: " + exactly + "...");
  EXPECT_EQ(bad(500, std::string(199, 'x') + "\u00e9!").message,
            "HTTP 500: " + std::string(199, 'x') + "...");
  EXPECT_EQ(bad(500, "\x80\xc2\x9b").message, "HTTP 500: \xEF\xBF\xBD\\u009b");
}

TEST(Decode, TakesTheStatusThatAnErrorInA200Names) {
  const auto status = [](const std::string& code) {
    return bad(200, R"({"error":{"message":"m","code":)" + code + "}}").status;
  };
  EXPECT_EQ(status("429"), 429u);
  EXPECT_EQ(status("400"), 400u);
  EXPECT_EQ(status("599"), 599u);
  EXPECT_EQ(status("399"), 200u);
  EXPECT_EQ(status("600"), 200u);
  EXPECT_EQ(status("null"), 200u);
  EXPECT_EQ(status("\"invalid\""), 200u);
}

TEST(Decode, TellsAnEmptyPurseFromTooManyRequests) {
  EXPECT_TRUE(bad(429, R"({"error":{"message":"pay","code":"insufficient_quota"}})").out_of_quota);
  EXPECT_TRUE(bad(429, R"({"error":{"type":"insufficient_quota","code":null}})").out_of_quota);
  EXPECT_FALSE(bad(429, R"({"error":{"code":"rate_limit_exceeded"}})").out_of_quota);
}

TEST(Decode, TellsAFilterFromOtherRefusals) {
  const auto filtered = [](std::uint32_t status, const std::string& error) {
    return bad(status, R"({"error":)" + error + "}").filtered;
  };
  EXPECT_TRUE(filtered(400, R"({"message":"no","code":"content_filter"})"));
  EXPECT_TRUE(filtered(400, R"({"message":"no","code":"ResponsibleAIPolicyViolation"})"));
  EXPECT_TRUE(filtered(422, R"({"message":"no","type":"content_policy_violation"})"));
  EXPECT_TRUE(filtered(403, R"({"message":"Your input was flagged","code":403})"));
  EXPECT_TRUE(bad(403, "<html>Request blocked</html>").filtered);
  EXPECT_FALSE(filtered(400, R"({"message":"no","code":"invalid_request_error"})"));
  EXPECT_FALSE(filtered(500, R"({"message":"no","code":"content_filter"})"));
  EXPECT_FALSE(filtered(403, R"({"message":"Key limit exceeded: total limit"})"));
  EXPECT_TRUE(bad(403, R"({"error":{"message":"Key limit exceeded"}})").out_of_quota);
  EXPECT_FALSE(bad(429, R"({"error":{"message":"rate limit exceeded"}})").out_of_quota);
}

TEST(Decode, KeepsTheUsageOfAReplyWithoutAnAnswer) {
  EXPECT_EQ(bad(200, R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}})").usage,
            (TokenUsage{9, 2}));
}

}  // namespace
}  // namespace fd
