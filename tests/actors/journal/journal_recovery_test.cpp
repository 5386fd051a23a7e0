#include "actors/journal/journal_recovery.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "actors/journal/segment_name.hpp"
#include "tests/actors/journal/journal_calls.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::end_of;
using testing_support::identity_of;
using testing_support::intent_of;
using testing_support::TempFolder;
using Names = std::set<std::string>;

/// The bytes of a segment with an intent for each of `intents` and an end for each of `ends`.
std::string segment(const SegmentHeader& header, const std::vector<std::uint32_t>& intents,
                    const std::vector<std::uint32_t>& ends, bool sealed = true) {
  SegmentWriter writer(header);
  std::string bytes = writer.header();
  for (const std::uint32_t index : intents) {
    writer.append(JournalKind::intent, encode(intent_of(index)), bytes);
  }
  for (const std::uint32_t index : ends) {
    writer.append(JournalKind::end, encode(end_of(index)), bytes);
  }
  if (sealed) {
    writer.seal(bytes);
  }
  return bytes;
}

SegmentHeader header(std::uint32_t number, std::uint64_t incarnation = 1) {
  return {identity_of(incarnation), number};
}

std::string message_of(const Result<RecoveredJournal>& read) {
  EXPECT_FALSE(read.ok());
  EXPECT_EQ(read.ok() ? Errc::busy : read.error().code, Errc::corrupt);
  return read.ok() ? "read" : read.error().message;
}

TEST(JournalRecovery, IntentsEndInLaterSegmentsButNotInLaterProcesses) {
  const TempFolder folder;
  folder.put(segment_name(header(0), true), segment(header(0), {1, 2, 3}, {1}));
  folder.put(segment_name(header(1), false), segment(header(1), {}, {2}, false));
  // The next process asked 3 again: the first time stays in doubt.
  folder.put(segment_name(header(0, 2), true), segment(header(0, 2), {3}, {3}));
  const auto read = read_journal(folder.root(), "run-1");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->ended, (std::vector<Record>{end_of(1), end_of(2), end_of(3)}));
  EXPECT_EQ(read->in_doubt, std::vector<JournalIntent>{intent_of(3)});
  ASSERT_EQ(read->segments.size(), 3u);
  EXPECT_EQ(read->segments[0].last_seq, 4u);  // the one in doubt is number 4
  EXPECT_EQ(read->segments[1].last_seq, 2u);
  EXPECT_EQ(read->segments[2].last_seq, 3u);
}

TEST(JournalRecovery, SameCallTwiceIsInDoubtOnceWhenItEndedOnce) {
  const TempFolder folder;
  folder.put(segment_name(header(0), true), segment(header(0), {1, 1}, {1}));
  const auto read = read_journal(folder.root(), "run-1");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->ended.size(), 1u);
  EXPECT_EQ(read->in_doubt, std::vector<JournalIntent>{intent_of(1)});
}

TEST(JournalRecovery, OtherRunsAndOtherFilesStayUntouched) {
  const TempFolder folder;
  folder.put("journal.lock", "");
  folder.put("run-1.fdj", "no segment");
  folder.put("run-1.zz00000000000001.00000000.fdj", "no segment");
  folder.put("x.run-1.0000000000000001.00000000.fdj", "another run's");
  const Names others = folder.names();
  folder.put(segment_name(header(0), true), segment(header(0), {1}, {}));
  const auto read = read_journal(folder.root(), "run-1");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->segments.size(), 1u);
  ASSERT_TRUE(remove_journal(folder.root(), "run-1").ok());
  EXPECT_EQ(folder.names(), others);
  ASSERT_TRUE(remove_journal(folder.root(), "run-1").ok());
}

TEST(JournalRecovery, FolderThatDoesNotExistHoldsNothing) {
  const TempFolder folder;
  const auto read = read_journal(folder.at("none"), "run-1");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->last_seq(), 0u);
}

TEST(JournalRecovery, C14JournalOfAnotherRunIsRefused) {
  const TempFolder folder;
  const SegmentHeader other{{"run-2", "w1", 1}, 0};
  const std::string path = folder.put(segment_name(header(0), true), segment(other, {1}, {1}));
  EXPECT_EQ(message_of(read_journal(folder.root(), "run-1")),
            path + ": offset 0: its header says run-2.0000000000000001.00000000.fdj");
}

TEST(JournalRecovery, C14JournalOfAnotherWorkerIsRefusedByWhoKnowsTheWorker) {
  const TempFolder folder;
  const std::string path = folder.put(segment_name(header(0), true), segment(header(0), {1}, {1}));
  EXPECT_TRUE(read_journal(folder.root(), "run-1").ok());
  EXPECT_TRUE(read_journal(folder.root(), "run-1", "w1").ok());
  EXPECT_EQ(message_of(read_journal(folder.root(), "run-1", "w2")),
            path + ": offset 0: is the journal of worker w1, not of w2");
}

TEST(JournalRecovery, C13SegmentInAnotherPlaceIsCorrupt) {
  const TempFolder folder;
  folder.put(segment_name(header(0), true), segment(header(0), {1}, {1}));
  const std::string path = folder.put(segment_name(header(1), true), segment(header(0), {1}, {1}));
  EXPECT_EQ(message_of(read_journal(folder.root(), "run-1")),
            path + ": offset 0: its header says run-1.0000000000000001.00000000.fdj");
}

TEST(JournalRecovery, C13OldStateOfASealedSegmentIsCorrupt) {
  const TempFolder folder;
  const std::string old = segment(header(0), {1}, {}, false);
  const std::string path = folder.put(segment_name(header(0), true), old);
  const std::string missing = ": offset " + std::to_string(old.size()) + ": the seal is missing";
  EXPECT_EQ(message_of(read_journal(folder.root(), "run-1")), path + missing);
  // Nor does it help to give it back its former name while the next segment is there.
  const TempFolder renamed;
  const std::string open = renamed.put(segment_name(header(0), false), old);
  EXPECT_TRUE(read_journal(renamed.root(), "run-1").ok());
  renamed.put(segment_name(header(1), true), segment(header(1), {2}, {2}));
  EXPECT_EQ(message_of(read_journal(renamed.root(), "run-1")), open + missing);
}

TEST(JournalRecovery, C13SegmentThatIsMissingBetweenTwoIsCorrupt) {
  const TempFolder folder;
  folder.put(segment_name(header(3), true), segment(header(3), {1}, {1}));
  folder.put(segment_name(header(4), true), segment(header(4), {2}, {2}));
  EXPECT_TRUE(read_journal(folder.root(), "run-1").ok());  // the first three were released
  const std::string path = folder.put(segment_name(header(6), true), segment(header(6), {3}, {3}));
  EXPECT_EQ(message_of(read_journal(folder.root(), "run-1")),
            path + ": does not follow " + segment_name(header(4), true) +
                ", a segment is missing or there twice");
}

TEST(JournalRecovery, LinkInThePlaceOfASegmentIsCorrupt) {
  const TempFolder folder;
  folder.put("elsewhere", segment(header(0), {1}, {1}));
  const std::string path = folder.at(segment_name(header(0), true));
  ASSERT_EQ(::symlink(folder.at("elsewhere").c_str(), path.c_str()), 0);
  EXPECT_EQ(message_of(read_journal(folder.root(), "run-1")), path + ": is no regular file");
}

}  // namespace
}  // namespace fd
