// The bytes of everything that another program may have written, against
// tests/protocol/data/frozen_bytes.txt and frozen_lines.jsonl.

#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "protocol/codec.hpp"
#include "tests/protocol/full_values.hpp"
#include "tests/protocol/written_types.hpp"

namespace fd {
namespace {

using testing_support::digest_of;
using testing_support::full;
using testing_support::LineTypes;
using testing_support::TypeNames;
using testing_support::WrittenTypes;

/// Returns whether `values` are numbered first, first + 1, ...
template <class E>
constexpr bool count_from(unsigned first, std::initializer_list<E> values) {
  for (const E value : values) {
    if (static_cast<unsigned>(value) != first++) {
      return false;
    }
  }
  return true;
}
static_assert(count_from(0, {Verdict::kept, Verdict::rejected, Verdict::failed}));
static_assert(count_from(0, {Reason::none,           Reason::empty_output,   Reason::too_short,
                             Reason::too_long,       Reason::banned_pattern, Reason::format_error,
                             Reason::parse_error,    Reason::exec_error,     Reason::step_limit,
                             Reason::row_limit,      Reason::timeout,        Reason::gold_error,
                             Reason::gold_mismatch,  Reason::score_low,      Reason::judge_low,
                             Reason::judge_unparsed, Reason::truncated,      Reason::refusal,
                             Reason::near_duplicate, Reason::contaminated,   Reason::quota,
                             Reason::surplus}));
static_assert(count_from(40, {Reason::provider_error, Reason::provider_rejected,
                              Reason::attempts_exhausted, Reason::poison, Reason::internal}));
static_assert(count_from(0, {ExecStatus::not_run, ExecStatus::ok, ExecStatus::parse_error,
                             ExecStatus::denied, ExecStatus::error, ExecStatus::step_limit,
                             ExecStatus::row_limit, ExecStatus::byte_limit, ExecStatus::heap_limit,
                             ExecStatus::timeout}));
static_assert(count_from(0, {Role::teacher, Role::judge, Role::student}));
static_assert(count_from(0, {CallEnd::answered, CallEnd::failed, CallEnd::refused,
                             CallEnd::unauthorized, CallEnd::outage, CallEnd::cancelled,
                             CallEnd::over_budget, CallEnd::journal_failed, CallEnd::in_doubt}));
static_assert(count_from(0, {StageId::teacher, StageId::clean, StageId::rules, StageId::exec,
                             StageId::score, StageId::select}));
static_assert(kOwnStageMin == 100 && kOwnStageMax == 127);
static_assert(count_from(1, {MessageKind::worker_state, MessageKind::order, MessageKind::run_spec,
                             MessageKind::fetch, MessageKind::samples, MessageKind::fetch_database,
                             MessageKind::database_chunk, MessageKind::deliver, MessageKind::ack,
                             MessageKind::stage_request, MessageKind::stage_reply,
                             MessageKind::flush_marker}));
static_assert(count_from(1, {JournalKind::intent, JournalKind::end, JournalKind::cancelled,
                             JournalKind::mark, JournalKind::seal}));

/// The sections of frozen_bytes.txt.
class FrozenText {
 public:
  FrozenText() {
    std::ifstream file(FD_SOURCE_DIR "/tests/protocol/data/frozen_bytes.txt");
    std::string section;
    for (std::string line; std::getline(file, line);) {
      line.resize(std::min(line.find('#'), line.size()));
      if (line.starts_with('[')) {
        section = line.substr(1, line.find(']') - 1);
      }
      lines_[section] += line.starts_with('[') ? "" : line + '\n';
    }
  }

  /// Returns what a section stands for; empty without that section.
  [[nodiscard]] std::string bytes(const std::string& section) const {
    const auto found = lines_.find(section);
    std::istringstream text(found == lines_.end() ? "" : found->second);
    std::string out;
    while (text >> std::ws && text.peek() != std::char_traits<char>::eof()) {
      out += piece(text);
    }
    return out;
  }

 private:
  [[nodiscard]] std::string piece(std::istream& text) const {
    const char first = static_cast<char>(text.get());
    std::string word;
    if (first == '"' || first == '\'') {
      std::getline(text, word, first);
    } else if (first == '@') {
      std::getline(text, word);  // to the end of the line, for names have spaces
      return bytes(word.substr(0, word.find_last_not_of(' ') + 1));
    } else {
      const char digits[] = {first, static_cast<char>(text.get()), '\0'};
      word = static_cast<char>(std::stoul(digits, nullptr, 16));
    }
    if (text.peek() != '*') {
      return word;
    }
    std::size_t times = 0;
    text.get();
    text >> times;
    std::string out;
    while (times-- > 0) {
      out += word;
    }
    return out;
  }
  std::map<std::string, std::string> lines_;
};

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    char text[4];
    std::snprintf(text, sizeof text, "%02x ",
                  static_cast<unsigned>(static_cast<std::uint8_t>(byte)));
    out += text;
  }
  return out;
}

/// Expects that `value` is written as the section says, and read from it.
template <class M>
void expect_frozen(const M& value, const std::string& section) {
  static const FrozenText kText;
  const std::string bytes = kText.bytes(section);
  EXPECT_EQ(hex(encode(value)), hex(bytes)) << section;
  const auto read = decode<M>(bytes);
  ASSERT_TRUE(read.ok()) << section << ": " << read.error().message;
  EXPECT_EQ(*read, value) << section;
}

/// Returns an M with nothing set that is valid.
template <class M>
M minimal() {
  return {};
}
template <>
Sample minimal() {
  Sample sample;
  sample.canonical_input = "{}";  // of any sample the text of an object
  return sample;
}

template <class M>
class FrozenBytes : public testing::Test {};
TYPED_TEST_SUITE(FrozenBytes, WrittenTypes, TypeNames);

TYPED_TEST(FrozenBytes, AreThoseOfTheRecordAtItsDefaults) {
  expect_frozen(minimal<TypeParam>(), std::string(kFields<TypeParam>.what));
}

TYPED_TEST(FrozenBytes, AreThoseOfTheRecordWithEveryMemberSet) {
  expect_frozen(full<TypeParam>(), std::string(kFields<TypeParam>.what) + " full");
}

TEST(FrozenBytesOfTruthValues, TellThemApart) {
  WorkerState state;
  state.draining = true;
  expect_frozen(state, "worker state draining");
  Order order;
  order.drain = true;
  expect_frozen(order, "order drain");
}

template <class M>
class FrozenLines : public testing::Test {
 protected:
  static void expect_frozen_line(const M& value, const std::string& name) {
    std::ifstream file(FD_SOURCE_DIR "/tests/protocol/data/frozen_lines.jsonl");
    std::string line;
    for (const char* each : {"sample", "sample full", "answer", "answer full", "call", "call full",
                             "outcome", "outcome full"}) {
      ASSERT_TRUE(std::getline(file, line)) << each;
      if (name == each) {
        break;
      }
    }
    std::string written;
    append_line(value, written);
    EXPECT_EQ(written, line);
    const auto read = from_line<M>(line);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, value);
  }
};
TYPED_TEST_SUITE(FrozenLines, LineTypes, TypeNames);

TYPED_TEST(FrozenLines, AreThoseOfTheRecordAtItsDefaults) {
  this->expect_frozen_line(minimal<TypeParam>(), std::string(kFields<TypeParam>.what));
}

TYPED_TEST(FrozenLines, AreThoseOfTheRecordWithEveryMemberThatJsonHasSet) {
  TypeParam value = full<TypeParam>();
  if constexpr (std::is_same_v<TypeParam, Outcome>) {
    value.times.clear();
    for (Candidate& candidate : value.candidates) {
      candidate.text_in_answer = false;
    }
  }
  this->expect_frozen_line(value, std::string(kFields<TypeParam>.what) + " full");
}

/// Expects every member of `record`, and of those within, to be set, and no two to be the same:
/// else the bytes of a full record would not show that two of them changed places.
template <class R>
void expect_set(const R& record) {
  const std::string what(kFields<R>.what);
  each_field<R>([&](const auto& field) {
    const auto& value = record.*field.member;
    using Value = std::decay_t<decltype(value)>;
    EXPECT_NE(value, R{}.*field.member) << what << ": field " << int{field.number};
    if constexpr (HasFields<Value>) {
      expect_set(value);
    } else if constexpr (kIsList<Value>) {
      if constexpr (HasFields<typename Value::value_type>) {
        for (const auto& item : value) {
          expect_set(item);
        }
      }
    } else if constexpr (kIsOptional<Value>) {
      if constexpr (HasFields<typename Value::value_type>) {
        expect_set(*value);
      }
    }
    each_field<R>([&](const auto& other) {
      using Other = std::decay_t<decltype(record.*other.member)>;
      if constexpr (std::is_same_v<Value, Other> && !std::is_same_v<Value, bool>) {
        if (other.number > field.number) {
          EXPECT_NE(value, record.*other.member) << what << ": field " << int{other.number};
        }
      }
    });
  });
}

TYPED_TEST(FrozenBytes, OfAFullRecordShowEveryMember) {
  expect_set(full<TypeParam>());
}

}  // namespace
}  // namespace fd
