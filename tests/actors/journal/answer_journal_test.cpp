#include "actors/journal/answer_journal.hpp"

#include <future>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors/journal/segment_name.hpp"
#include "tests/actors/journal/faulty_files.hpp"
#include "tests/actors/journal/journal_calls.hpp"
#include "tests/support/temp_folder.hpp"

namespace fd {
namespace {

using testing_support::cancelled_of;
using testing_support::end_of;
using testing_support::FaultyFiles;
using testing_support::identity_of;
using testing_support::intent_of;
using testing_support::TempFolder;
using Names = std::set<std::string>;

std::string file(std::uint32_t number, bool sealed, std::uint64_t incarnation = 1) {
  return segment_name({identity_of(incarnation), number}, sealed);
}

/// A journal over faulty files in a folder of its own.
class AnswerJournalTest : public testing::Test {
 protected:
  void open(std::uint64_t incarnation = 1) {
    auto recovered = read_journal(folder.root(), "run-1", "w1");
    ASSERT_TRUE(recovered.ok()) << recovered.error().message;
    recovered_ = std::move(recovered).value();
    options.files = &files;
    options.gather = std::chrono::microseconds(0);
    options.on_failure = [this](const Error& error) { failures.push_back(error); };
    auto opened = AnswerJournal::open(folder.root(), identity_of(incarnation), recovered_, options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    journal = std::move(opened).value();
  }
  std::uint32_t intent(std::uint32_t index) {
    return journal->append_intent(intent_of(index), [this, index](AnswerJournal::Written written) {
      (written.durable ? durable : lost).push_back("intent " + std::to_string(index));
    });
  }
  std::uint64_t end(std::uint32_t ticket, std::uint32_t index, const std::string& text = "a") {
    return journal->append_end(
        ticket, end_of(index, text), [this, index](AnswerJournal::Written written) {
          (written.durable ? durable : lost)
              .push_back("end " + std::to_string(index) + " " + std::to_string(written.seq));
        });
  }
  RecoveredJournal read() {
    auto read = read_journal(folder.root(), "run-1", "w1");
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
    return read.ok() ? std::move(read).value() : RecoveredJournal();
  }

  TempFolder folder;
  FaultyFiles files;
  AnswerJournalOptions options;
  RecoveredJournal recovered_;
  std::vector<Error> failures;  ///< and the next two: read after flush() or the end only
  std::vector<std::string> durable;
  std::vector<std::string> lost;
  std::unique_ptr<AnswerJournal> journal;
};

TEST_F(AnswerJournalTest, GivesBackWhatEndedAndWhatIsInDoubt) {
  open();
  const std::uint32_t first = intent(1);
  intent(2);
  const std::uint32_t third = intent(3);
  EXPECT_EQ(end(first, 1), 1u);
  journal->append_cancelled(third, cancelled_of(3));
  journal.reset();
  EXPECT_EQ(durable, (std::vector<std::string>{"intent 1", "intent 2", "intent 3", "end 1 1"}));
  EXPECT_EQ(folder.names(), Names{file(0, true)});
  const RecoveredJournal left = read();
  EXPECT_EQ(left.ended, std::vector<Record>{end_of(1, "a")});
  EXPECT_EQ(left.in_doubt, std::vector<JournalIntent>{intent_of(2)});
  EXPECT_EQ(left.last_seq(), 2u);
  EXPECT_EQ(left.torn_bytes, 0u);
  ASSERT_EQ(left.segments.size(), 1u);
  EXPECT_EQ(left.segments[0].last_seq, 2u);
}

TEST_F(AnswerJournalTest, RecordsThatComeDuringASyncShareTheNextOne) {
  open();
  const std::uint64_t before = files.syncs();
  files.hold_syncs();
  intent(0);
  files.wait_for_held_sync();
  for (std::uint32_t i = 1; i <= 100; ++i) {
    intent(i);
  }
  files.let_syncs();
  journal->flush();
  EXPECT_EQ(durable.size(), 101u);
  EXPECT_EQ(files.syncs() - before, 2u);
}

TEST_F(AnswerJournalTest, NothingIsCalledDurableBeforeItsSyncReturned) {
  open();
  files.hold_syncs();
  std::promise<void> called;
  std::future<void> is_called = called.get_future();
  journal->append_intent(intent_of(1), [&](AnswerJournal::Written written) {
    EXPECT_TRUE(written.durable);
    called.set_value();
  });
  files.wait_for_held_sync();
  EXPECT_EQ(is_called.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  files.let_syncs();
  is_called.wait();
}

TEST_F(AnswerJournalTest, C05FailedSyncIsFatalAndNothingIsDurableAfterIt) {
  open();
  const std::uint32_t first = intent(1);
  intent(2);
  journal->flush();
  files.fail_sync(1);
  end(first, 1);
  journal->flush();
  const std::uint64_t syncs = files.syncs();
  files.fail_sync(0);  // as Linux does: the next sync would succeed
  intent(3);
  journal->flush();
  EXPECT_EQ(files.syncs(), syncs);
  EXPECT_EQ(durable, (std::vector<std::string>{"intent 1", "intent 2"}));
  EXPECT_EQ(lost, (std::vector<std::string>{"end 1 1", "intent 3"}));
  journal.reset();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].code, Errc::storage);
  EXPECT_EQ(failures[0].message, "journal: " + folder.at(file(0, false)) + ": Input/output error");
  EXPECT_EQ(folder.names(), Names{file(0, false)});
  files.lose_unsynced(0);
  const RecoveredJournal left = read();
  EXPECT_TRUE(left.ended.empty());
  EXPECT_EQ(left.in_doubt, (std::vector<JournalIntent>{intent_of(1), intent_of(2)}));
}

TEST_F(AnswerJournalTest, C01DiskThatIsFullIsFatalAndLeavesATornTail) {
  open();
  const std::uint32_t first = intent(1);
  journal->flush();
  files.fail_append(1);
  end(first, 1, std::string(5000, 'x'));
  journal.reset();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].message,
            "journal: " + folder.at(file(0, false)) + ": No space left on device");
  EXPECT_EQ(lost, std::vector<std::string>{"end 1 1"});
  const RecoveredJournal left = read();
  EXPECT_EQ(left.in_doubt, std::vector<JournalIntent>{intent_of(1)});
  EXPECT_GT(left.torn_bytes, 2500u);
}

TEST_F(AnswerJournalTest, C05EverySyncThatFailsLeavesExactlyWhatWasCalledDurable) {
  options.segment_bytes = 2000;
  for (std::uint64_t nth = 1; nth <= 30; ++nth) {
    SCOPED_TRACE(nth);
    durable.clear();
    failures.clear();
    ASSERT_TRUE(remove_journal(folder.root(), "run-1").ok());
    files.forget();
    files.fail_sync(0);
    open();
    files.fail_sync(nth);
    for (std::uint32_t i = 0; i < 20; ++i) {
      end(intent(i), i, std::string(100, 'x'));
      journal->flush();
    }
    journal.reset();
    ASSERT_LE(failures.size(), 1u);
    if (nth <= 20) {  // there are at least as many
      ASSERT_EQ(failures.size(), 1u);
    }
    files.lose_unsynced(nth * 7 % 50);
    const RecoveredJournal left = read();
    std::size_t ends = 0;
    for (const std::string& what : durable) {
      ends += what.starts_with("end") ? 1 : 0;
    }
    ASSERT_EQ(left.ended.size(), ends);
    for (std::uint32_t i = 0; i < ends; ++i) {
      EXPECT_EQ(left.ended[i], end_of(i, std::string(100, 'x')));
    }
  }
}

constexpr std::size_t kFramedMark = 8 + 1 + 16;

TEST_F(AnswerJournalTest, CrashDuringASyncLosesNothingThatWasDurable) {
  open();
  const std::uint32_t first = intent(1);
  journal->flush();
  files.hold_syncs();
  end(first, 1);
  files.wait_for_held_sync();
  const std::string name = file(0, false);
  const std::string bytes = folder.bytes(name);
  const std::string durable_bytes = [&] {
    files.lose_unsynced(0);
    return folder.bytes(name);
  }();
  for (std::size_t size = durable_bytes.size(); size < bytes.size(); ++size) {
    const TempFolder crashed;
    crashed.put(name, bytes.substr(0, size));
    const auto left = read_journal(crashed.root(), "run-1");
    ASSERT_TRUE(left.ok()) << left.error().message;
    EXPECT_EQ(left->in_doubt, std::vector<JournalIntent>{intent_of(1)});
    // The mark is whole before the end is; it says nothing.
    const std::size_t tail = size - durable_bytes.size();
    EXPECT_EQ(left->torn_bytes, tail < kFramedMark ? tail : tail - kFramedMark);
  }
  files.let_syncs();
}

TEST_F(AnswerJournalTest, RotatesSealsAndRemovesOldestFirst) {
  options.segment_bytes = 1000;
  open();
  files.hold_syncs();  // so that all but the first share a batch, and the sizes are known
  std::vector<std::uint32_t> tickets{intent(0)};
  files.wait_for_held_sync();
  for (std::uint32_t i = 1; i < 20; ++i) {
    tickets.push_back(intent(i));
  }
  files.let_syncs();
  journal->flush();
  ASSERT_EQ(tickets.front(), 0u);
  ASSERT_EQ(tickets.back(), 2u);  // eight intents of 101 bytes fit
  EXPECT_EQ(folder.names(), (Names{file(0, true), file(1, true), file(2, false)}));
  // All but the first call end and are acknowledged: its segment stays, and so do all behind it.
  std::uint64_t last = 0;
  for (std::uint32_t i = 1; i < 20; ++i) {
    last = end(tickets[i], i);
  }
  journal->release(last);
  journal->flush();
  EXPECT_TRUE(files.unlinked().empty());
  last = end(tickets[0], 0, std::string(1000, 'x'));
  intent(20);  // begins a segment, so that the one before is sealed
  journal->flush();
  EXPECT_TRUE(files.unlinked().empty() || files.unlinked().front() == file(0, true));
  journal->release(last);
  journal->append_intent(intent_of(21), nullptr);
  journal->flush();
  const std::vector<std::string> unlinked = files.unlinked();
  ASSERT_GE(unlinked.size(), 3u);
  for (std::uint32_t i = 0; i < unlinked.size(); ++i) {
    EXPECT_EQ(unlinked[i], file(i, true));
  }
  journal.reset();
  EXPECT_EQ(read().in_doubt, (std::vector<JournalIntent>{intent_of(20), intent_of(21)}));
}

TEST_F(AnswerJournalTest, EndThatIsNotAcknowledgedKeepsItsSegment) {
  options.segment_bytes = 300;
  open();
  const std::uint64_t first = end(intent(1), 1, std::string(300, 'x'));
  const std::uint64_t second = end(intent(2), 2, std::string(300, 'x'));
  journal->flush();
  journal->release(first);
  journal.reset();
  const RecoveredJournal left = read();
  EXPECT_EQ(left.ended, std::vector<Record>{end_of(2, std::string(300, 'x'))});
  EXPECT_TRUE(left.in_doubt.empty());
  EXPECT_EQ(second, first + 1);
}

TEST_F(AnswerJournalTest, RemovesItselfWhenAllIsAcknowledged) {
  open();
  journal->release(end(intent(1), 1));
  journal.reset();
  EXPECT_EQ(folder.names(), Names{});
}

TEST_F(AnswerJournalTest, RecoveredSegmentsGoOnceTheirRecordsAreReleased) {
  open(1);
  end(intent(1), 1);
  intent(2);
  journal.reset();
  open(2);
  EXPECT_EQ(recovered_.last_seq(), 2u);
  EXPECT_EQ(end(intent(3), 3), 3u);
  journal->release(1);  // the end of call 1; call 2, in doubt, is not reported yet
  journal->flush();
  EXPECT_EQ(folder.names(), (Names{file(0, true, 1), file(0, false, 2)}));
  journal->release(2);
  intent(4);
  journal->flush();
  EXPECT_EQ(folder.names(), Names{file(0, false, 2)});
  journal.reset();
  const RecoveredJournal left = read();
  EXPECT_EQ(left.ended, std::vector<Record>{end_of(3, "a")});
  EXPECT_EQ(left.in_doubt, std::vector<JournalIntent>{intent_of(4)});
}

TEST_F(AnswerJournalTest, RemovalThatFailsIsFatal) {
  open(1);
  end(intent(1), 1);
  journal.reset();
  open(2);
  files.fail_unlink();
  journal->release(1);
  intent(2);
  journal->flush();
  journal.reset();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].message,
            "journal: " + folder.at(file(0, true, 1)) + ": Input/output error");
}

TEST_F(AnswerJournalTest, FilesAreForTheirOwnerOnly) {
  open();
  struct stat status {};
  ASSERT_EQ(::stat(folder.at(file(0, false)).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
}

TEST_F(AnswerJournalTest, C15FolderThatTakesNoFilesIsFoundAtTheStart) {
  const auto opened = AnswerJournal::open(folder.at("missing"), identity_of(), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::storage);
  EXPECT_EQ(opened.error().message,
            folder.at("missing/" + file(0, false)) + ": No such file or directory");
  // A link in the place of the segment is not followed.
  ASSERT_EQ(::symlink(folder.at("elsewhere").c_str(), folder.at(file(0, false)).c_str()), 0);
  const auto linked = AnswerJournal::open(folder.root(), identity_of(), {});
  ASSERT_FALSE(linked.ok());
  EXPECT_EQ(linked.error().message, folder.at(file(0, false)) + ": File exists");
}

TEST_F(AnswerJournalTest, RunIdsAndNamesThatAreNoneAreRefused) {
  const auto run = AnswerJournal::open(folder.root(), {"../x", "w1", 1}, {});
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, Errc::refused);
  const auto name = AnswerJournal::open(folder.root(), {"r", std::string(65, 'w'), 1}, {});
  ASSERT_FALSE(name.ok());
  EXPECT_EQ(name.error().code, Errc::refused);
  EXPECT_TRUE(AnswerJournal::open(folder.root(), {"r", std::string(64, 'w'), 1}, {}).ok());
}

}  // namespace
}  // namespace fd
