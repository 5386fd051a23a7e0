#include "coordinator/live/progress_display.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr Duration kPlainFirst = std::chrono::seconds(5);
constexpr Duration kJsonFirst = std::chrono::seconds(1);

constexpr std::array<std::string_view, 4> kModes = {"bar", "plain", "json", "none"};

void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

/// Returns whether people would see a difference.
bool differ(const Progress& a, const Progress& b) {
  return a.done != b.done || a.failed != b.failed || a.calls != b.calls ||
         a.in_flight != b.in_flight || a.workers != b.workers;
}

}  // namespace

std::optional<ProgressMode> progress_mode_from_name(std::string_view name) {
  const auto found = std::ranges::find(kModes, name);
  return found == kModes.end() ? std::nullopt
                               : std::optional(static_cast<ProgressMode>(found - kModes.begin()));
}

bool ProgressPace::step(Instant now, const Progress& progress) {
  if (!last_) {
    last_ = now;
    return false;
  }
  const Duration since = now - *last_;
  if (since < interval_ || (since < kUnchangedMax && !differ(progress, shown_))) {
    return false;
  }
  last_ = now;
  shown_ = progress;
  interval_ = std::min(interval_ * 2, longest_);
  return true;
}

ProgressDisplay::ProgressDisplay(const Clock& clock, ProgressMode mode)
    : clock_(clock),
      mode_(mode),
      pace_(mode == ProgressMode::json ? ProgressPace(kJsonFirst, kJsonFirst)
                                       : ProgressPace(kPlainFirst, ProgressPace::kUnchangedMax)) {}

void ProgressDisplay::draw() {
  write(mode_ == ProgressMode::bar ? "\r\x1b[K" + last_ : last_ + "\n");
}

void ProgressDisplay::update(const Progress& progress) {
  if (mode_ == ProgressMode::none) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.now();
  text_.take(now, progress);
  last_ = mode_ == ProgressMode::json ? text_.json() : text_.line();
  if (mode_ == ProgressMode::bar || pace_.step(now, progress)) {
    draw();
  }
}

void ProgressDisplay::message(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (mode_ == ProgressMode::json) {
    write(json::canonical(json::Object{{"event", "message"}, {"text", text}}) + "\n");
    return;
  }
  const bool drawn = mode_ == ProgressMode::bar && !last_.empty();
  write((drawn ? "\r\x1b[K" : "") + text + "\n");
  if (drawn) {
    draw();
  }
}

void ProgressDisplay::finish() {
  const std::lock_guard lock(mutex_);
  if (last_.empty()) {
    return;
  }
  draw();
  if (mode_ == ProgressMode::bar) {
    write("\n");
  }
}

}  // namespace fd
