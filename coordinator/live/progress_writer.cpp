#include "coordinator/live/progress_writer.hpp"

#include <utility>

#include "actors/system/thread_name.hpp"

namespace fd {

ProgressWriter::ProgressWriter(Show show, Say say)
    : show_(std::move(show)), say_(std::move(say)), thread_([this] { run(); }) {}

ProgressWriter::~ProgressWriter() {
  finish();
}

void ProgressWriter::publish(std::shared_ptr<const Progress> progress) {
  {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(progress);
  }
  came_.notify_one();
}

void ProgressWriter::say(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() < kLinesMax) {
      lines_.push_back(std::move(line));
    }
  }
  came_.notify_one();
}

void ProgressWriter::finish() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  came_.notify_one();
  thread_.join();
}

void ProgressWriter::run() {
  name_thread("fd-progress");
  std::unique_lock lock(mutex_);
  for (;;) {
    came_.wait(lock, [&] { return ending_ || latest_ != nullptr || !lines_.empty(); });
    const auto progress = std::exchange(latest_, nullptr);
    const auto lines = std::exchange(lines_, {});
    if (progress == nullptr && lines.empty()) {
      return;
    }
    lock.unlock();
    for (const std::string& line : lines) {
      say_(line);
    }
    if (progress != nullptr) {
      show_(*progress);
    }
    lock.lock();
  }
}

}  // namespace fd
