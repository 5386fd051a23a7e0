#include "protocol/call_key.hpp"

#include <gtest/gtest.h>

namespace fd {
namespace {

DecodeConfig plain_decode() {
  DecodeConfig decode;
  decode.temperature = 0.2;
  decode.top_p = 1.0;
  decode.max_tokens = 512;
  decode.seed.reset();
  decode.stop.clear();
  return decode;
}

CallIdentity call_of(Role role, std::uint32_t candidate = 0, std::uint32_t vote = 0,
                     std::uint32_t round = 0) {
  return {{}, {}, role, candidate, vote, round};
}

TEST(CallKey, IsTheDigestOfTheDocumentedText) {
  DecodeConfig decode = plain_decode();
  decode.seed = 123;
  decode.stop = {";"};
  decode.n = 8;  // n is no part of it
  const std::vector<ChatMessage> messages = {{"system", "Return SQL only."}, {"user", "q"}};
  EXPECT_EQ(
      call_key(call_of(Role::teacher, 1), "m", "", messages, decode),
      sha256(R"({"candidate":1,"decode":{"max_tokens":512,"seed":123,"stop":[";"],)"
             R"("temperature":0.2,"top_p":1},"messages":[{"content":"Return SQL only.",)"
             R"("role":"system"},{"content":"q","role":"user"}],"model":"m","role":"teacher",)"
             R"("try":0})"));
  EXPECT_EQ(call_key(call_of(Role::judge, 0, 0, 2), "m", "", {}, plain_decode()),
            sha256(R"({"candidate":0,"decode":{"max_tokens":512,"temperature":0.2,"top_p":1},)"
                   R"("messages":[],"model":"m","role":"judge","try":2})"));
}

TEST(CallKey, HoldsWhatIsSetAndNothingElse) {
  DecodeConfig decode;
  decode.temperature.reset();
  decode.top_p.reset();
  decode.max_tokens.reset();
  EXPECT_EQ(call_key(call_of(Role::teacher), "m", "", {}, decode),
            sha256(R"({"candidate":0,"decode":{},"messages":[],"model":"m","role":"teacher",)"
                   R"("try":0})"));
  decode.response_format = {{"type", "json_object"}};
  decode.reasoning_effort = "low";
  decode.extra = {{"top_k", 20}};
  EXPECT_EQ(call_key(call_of(Role::teacher), "m", "", {}, decode),
            sha256(R"({"candidate":0,"decode":{"extra":{"top_k":20},"reasoning_effort":"low",)"
                   R"("response_format":{"type":"json_object"}},"messages":[],"model":"m",)"
                   R"("role":"teacher","try":0})"));
}

/// The keys that runs have on disk.
TEST(CallKey, OfEveryKindOfCallIsFrozen) {
  const auto key = [](const CallIdentity& call, std::string_view revision = "") {
    return call_key(call, "m", revision, {{"system", "Answer in SQL."}, {"user", "How many?"}},
                    plain_decode())
        .hex();
  };
  EXPECT_EQ(key(call_of(Role::teacher)),
            "8686af6672536d5c441254cb355ef4c773c65f48a076b0e83e3372da12953c7a");
  EXPECT_EQ(key(call_of(Role::judge)),
            "b666e8f6b21b17b285a4c2c1268f674f0d6983b179bc7acb106d3c836968ad3b");
  EXPECT_EQ(key(call_of(Role::judge, 0, 1)),
            "a49cb727600430e0d95780831835908d49746bb1fdcd0882724f794c21a06474");
  EXPECT_EQ(key(call_of(Role::teacher, 0, 0, 1)),
            "075fab6e34efeb8d43b02f19f787533cfc3f51041e5995aa65f7b748df9b6556");
  EXPECT_EQ(key(call_of(Role::student), "sha256:77"),
            "9b1584c4c63c92667dcd117ecb33243579430128297417670f2a6015b7469759");
}

TEST(CallKey, DoesNotDependOnTheSampleOrOnAKeyThatTheCallHasAlready) {
  CallIdentity call = call_of(Role::teacher);
  const Digest key = call_key(call, "m", "", {}, plain_decode());
  call.sample_id = sha256("s");
  call.call_key = sha256("k");
  EXPECT_EQ(call_key(call, "m", "", {}, plain_decode()), key);
}

TEST(CallKey, TellsSeedsApartThatADoubleDoesNot) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  DecodeConfig one;
  one.seed = kExact;
  DecodeConfig other;
  other.seed = kExact + 1;
  EXPECT_NE(call_key(call_of(Role::teacher), "m", "", {}, one),
            call_key(call_of(Role::teacher), "m", "", {}, other));
}

}  // namespace
}  // namespace fd
