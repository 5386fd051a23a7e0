#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/control/progress.hpp"

namespace fd {

/// Hands progress and lines for people to what may block: a file, a terminal. It does so on a
/// thread of its own; of progress only the latest counts.
class ProgressWriter {
 public:
  using Show = std::function<void(const Progress&)>;
  using Say = std::function<void(const std::string&)>;

  /// Both are called on the writer's thread.
  ProgressWriter(Show show, Say say);
  /// As finish().
  ~ProgressWriter();
  ProgressWriter(const ProgressWriter&) = delete;
  ProgressWriter& operator=(const ProgressWriter&) = delete;

  /// Never blocks. Thread: any.
  void publish(std::shared_ptr<const Progress> progress);
  /// Never blocks. At most kLinesMax lines wait; later ones are dropped. Thread: any.
  void say(std::string line);
  /// Waits until all is handed on, and ends the thread. Thread: one at a time.
  void finish();

  static constexpr std::size_t kLinesMax = 1000;

 private:
  void run();
  Show show_;
  Say say_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::shared_ptr<const Progress> latest_;  // guarded by mutex_
  std::vector<std::string> lines_;          // guarded by mutex_
  bool ending_ = false;                     // guarded by mutex_
  std::thread thread_;
};

}  // namespace fd
