// Replies as servers of this world send them: with thinking, as a list of errors, as a stream.
#include <string>
#include <string_view>
#include <variant>

#include <gtest/gtest.h>

#include "actors/gateway/openai/openai_codec.hpp"
#include "tests/actors/gateway/openai/decoded_reply.hpp"

namespace fd {
namespace {

/// Returns one event of a stream.
std::string event(const std::string& delta, const std::string& finish = "null") {
  return R"(data: {"model":"m","choices":[{"index":0,"delta":{)" + delta + R"(},"finish_reason":)" +
         finish + "}]}\n\n";
}

TEST(ReplyForms, KeepsThinkingPartsOfTheContentApart) {
  const OneAnswer mistral = good(with_message(
      R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"a "},)"
      R"({"type":"text","text":"draft"},7],"closed":true},{"type":"text","text":"SELECT 1"}])"));
  EXPECT_EQ(mistral.text, "SELECT 1");
  EXPECT_EQ(mistral.reasoning, "a draft");
  const OneAnswer claude = good(with_message(
      R"("content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"SELECT 1"}])"));
  EXPECT_EQ(claude.text, "SELECT 1");
  EXPECT_EQ(claude.reasoning, "hm");
  const OneAnswer plain = good(with_message(
      R"("content":[{"type":"reasoning","text":"hm"},{"type":"text","text":"SELECT 1"}])"));
  EXPECT_EQ(plain.text, "SELECT 1");
  EXPECT_EQ(plain.reasoning, "hm");
}

TEST(ReplyForms, TakesReasoningOfTheMessageBeforeThatOfItsParts) {
  EXPECT_EQ(good(with_message(R"("content":"x","thinking":"ollama")")).reasoning, "ollama");
  EXPECT_EQ(good(with_message(R"("reasoning":"whole","content":[{"type":"thinking",)"
                              R"("thinking":"part"},{"type":"text","text":"x"}])"))
                .reasoning,
            "whole");
}

TEST(ReplyForms, ReadsTheErrorOfAList) {
  const BadReply reply =
      bad(429, R"([{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}])");
  EXPECT_EQ(reply.status, 429u);
  EXPECT_EQ(reply.message, "HTTP 429: slow down");
  EXPECT_EQ(bad(200, R"([{"error":{"code":503,"message":"busy"}}])").status, 503u);
  EXPECT_EQ(bad(400, "[7]").message, "HTTP 400: [7]");
}

TEST(ReplyForms, NeverTakesAListOrAnUnfinishedObjectForAnAnswer) {
  const std::string whole = with_message(R"("content":"SELECT 1")");
  bad(200, "[" + whole + "]");
  bad(200, R"({"error":"late",)" + whole.substr(1, whole.size() - 2));
}

TEST(ReplyForms, TakesAnUnknownAddressWithStatus200ForA404) {
  const BadReply reply = bad(200, R"({"error":"Unexpected endpoint or method: POST /chat"})");
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(reply.message,
            "HTTP 404: error in the reply: Unexpected endpoint or method: POST /chat");
  EXPECT_EQ(bad(200, R"({"error":"overloaded"})").status, 200u);
}

TEST(ReplyStream, IsJoinedToOneAnswer) {
  const OneAnswer completion =
      good(": keep-alive\n\n" + event(R"("role":"assistant","reasoning_content":"h")") +
           event(R"("reasoning_content":"m")") + event(R"("content":"SEL")") + "event: x\r\n" +
           event(R"("content":"ECT 1")") + event("", "\"stop\"") +
           R"(data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})" +
           "\r\n\r\ndata: [DONE]\n\n");
  EXPECT_EQ(completion, (OneAnswer{"m", "SELECT 1", "hm", "stop", {3, 4, {}, {}}}));
}

TEST(ReplyUsage, OfTokensThatWereCachedOrThoughtIsRead) {
  const auto usage = [](const std::string& members) {
    return good(R"({"choices":[{"message":{"content":"x"}}],"usage":{)" + members + "}}").usage;
  };
  EXPECT_EQ(usage(R"("prompt_tokens":9,"prompt_tokens_details":{"audio":1,"cached_tokens":4})"),
            (TokenUsage{9, 0, 4, {}}));
  EXPECT_EQ(usage(R"("completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":8})"),
            (TokenUsage{0, 9, {}, 8}));
  EXPECT_EQ(usage(R"("prompt_tokens":9,"prompt_cache_hit_tokens":0)"), (TokenUsage{9, 0, 0, {}}));
  EXPECT_EQ(usage(R"("prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":null})"),
            (TokenUsage{9, 0, {}, {}}));
  EXPECT_EQ(usage(R"("prompt_tokens":9,"prompt_tokens_details":null)"), (TokenUsage{9, 0, {}, {}}));
}

TEST(ReplyUsage, ThatIsNotSaidIsUnknownAndNotZero) {
  const auto unknown = [](const std::string& more) {
    return good(R"({"choices":[{"message":{"content":"x"}}])" + more + "}").usage_unknown;
  };
  EXPECT_TRUE(unknown(""));
  EXPECT_TRUE(unknown(R"(,"usage":null)"));
  EXPECT_TRUE(unknown(R"(,"usage":{"input_tokens":3})"));
  EXPECT_TRUE(unknown(R"(,"usage":{"prompt_tokens":"many"})"));
  EXPECT_FALSE(unknown(R"(,"usage":{"prompt_tokens":12.0})"));
  EXPECT_FALSE(unknown(R"(,"usage":{"completion_tokens":0})"));
}

TEST(ReplyStream, IsWholeWithEitherAReasonOrTheMarkOfItsEnd) {
  EXPECT_EQ(good(event(R"("content":"x")", "\"length\"")).finish_reason, "length");
  EXPECT_EQ(good(event(R"("content":"x")") + "data: [DONE]").text, "x");
}

TEST(ReplyStream, OfSeveralAnswersIsJoinedByTheirIndexes) {
  const auto piece = [](const std::string& index, const std::string& text,
                        const std::string& finish = "null") {
    return R"(data: {"choices":[{"index":)" + index + R"(,"delta":{"content":")" + text +
           R"("},"finish_reason":)" + finish + "}]}\n\n";
  };
  const std::string body = piece("1", "b") + piece("0", "a") + piece("1", "B", "\"stop\"");
  const Completion cut = several(body, 2);
  ASSERT_EQ(cut.choices.size(), 1u) << "the first was not finished";
  EXPECT_EQ(cut.choices[0].number, 1u);
  EXPECT_EQ(cut.choices[0].text, "bB");
  const Completion whole = several(body + piece("0", "A", "\"stop\""), 2);
  ASSERT_EQ(whole.choices.size(), 2u);
  EXPECT_EQ(whole.choices[0].text, "aA");
  EXPECT_EQ(several(body + "data: [DONE]\n\n", 2).choices.size(), 2u);
}

TEST(ReplyStream, ThatEndsEarlyIsNoAnswer) {
  const BadReply reply = bad(200, event(R"("content":"SEL")"));
  EXPECT_NE(reply.message.find("the server streams although it was not asked to"),
            std::string::npos)
      << reply.message;
  bad(200, event(R"("content":"SEL")") + "data: {\"choices\":[{\n\n" + event("", "\"stop\""));
}

TEST(ReplyStream, CutAnywhereNeverGivesAnotherText) {
  // Method: every proper prefix; each is refused, or holds the whole answer.
  const std::string body = event(R"("content":"SELECT")") + event(R"("content":" 1")") +
                           event("", "\"stop\"") + "data: [DONE]\n\n";
  for (std::size_t length = 0; length < body.size(); ++length) {
    const Reply reply = decode_reply(200, std::string_view(body).substr(0, length));
    if (const auto* completion = std::get_if<Completion>(&reply)) {
      EXPECT_EQ(completion->choices.at(0).text, "SELECT 1") << length;
    }
  }
}

TEST(ReplyStream, TellsAnErrorAmongItsEvents) {
  const BadReply reply = bad(200, event(R"("content":"SEL")") +
                                      R"(data: {"error":{"message":"upstream died","code":502}})"
                                      "\n\n");
  EXPECT_EQ(reply.status, 502u);
  EXPECT_EQ(reply.message, "HTTP 502: error in the reply: upstream died");
}

TEST(ReplyStream, OfAnotherShapeIsNotTakenForOne) {
  // A piece alone, without the frame of a stream, is no answer.
  EXPECT_EQ(bad(200, R"({"choices":[{"index":0,"delta":{"content":"SELECT 1"}}]})").status, 200u);
}

}  // namespace
}  // namespace fd
