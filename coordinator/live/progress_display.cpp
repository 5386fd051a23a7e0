#include "coordinator/live/progress_display.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "coordinator/text/report_text.hpp"

namespace fd {
namespace {

constexpr Duration kRateWindow = std::chrono::seconds(10);

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

std::string short_count(std::uint64_t number) {
  std::array<char, 32> text{};
  const auto value = static_cast<double>(number);
  if (number < 10'000) {
    return std::to_string(number);
  }
  if (number < 10'000'000) {
    std::snprintf(text.data(), text.size(), "%.1fk", value / 1e3);
  } else {
    std::snprintf(text.data(), text.size(), "%.1fM", value / 1e6);
  }
  return text.data();
}

}  // namespace

std::string short_duration(double total) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(total, 0.0)));
  if (whole < 60) {
    return std::to_string(whole) + " s";
  }
  if (whole < 3600) {
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string ProgressText::line(Instant now, const Progress& progress) {
  points_.push_back({now, progress.done});
  while (points_.size() > 2 && now - points_.front().at > kRateWindow) {
    points_.erase(points_.begin());
  }
  const double span = seconds(now - points_.front().at);
  const double rate =
      span > 0 ? static_cast<double>(progress.done - points_.front().done) / span : 0.0;
  const std::uint64_t judged = progress.kept + progress.rejected;

  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%s / %s  %3.0f %%  %.0f/s",
                grouped(progress.done).c_str(), grouped(progress.total).c_str(),
                progress.total > 0 ? 100.0 * static_cast<double>(progress.done) /
                                         static_cast<double>(progress.total)
                                   : 100.0,
                rate);
  std::string line = text.data();
  if (judged > 0) {
    std::snprintf(text.data(), text.size(), "  kept %.1f %%",
                  100.0 * static_cast<double>(progress.kept) / static_cast<double>(judged));
    line += text.data();
  }
  if (progress.failed > 0) {
    line += "  failed " + grouped(progress.failed);
  }
  line += "  tokens " + short_count(progress.prompt_tokens) + " in " +
          short_count(progress.completion_tokens) + " out";
  line += "  " + std::to_string(progress.in_flight) + " calls on " +
          std::to_string(progress.workers) + (progress.workers == 1 ? " worker" : " workers");
  if (rate > 0 && progress.done < progress.total) {
    line += "  left " + short_duration(static_cast<double>(progress.total - progress.done) / rate);
  }
  return line;
}

void ProgressDisplay::draw(const std::string& line) {
  const std::string text = terminal_ ? "\r\x1b[K" + line : line + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void ProgressDisplay::update(const Progress& progress) {
  if (quiet_) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.now();
  last_ = text_.line(now, progress);
  if (terminal_) {
    draw(last_);
  } else if (!next_plain_) {
    next_plain_ = now + interval_;
  } else if (now >= *next_plain_) {
    draw(last_);
    interval_ = std::min<Duration>(interval_ * 2, std::chrono::seconds(60));
    next_plain_ = now + interval_;
  }
}

void ProgressDisplay::message(const std::string& text) {
  const std::lock_guard lock(mutex_);
  const std::string line = (terminal_ && !last_.empty() ? "\r\x1b[K" : "") + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  if (terminal_ && !last_.empty()) {
    draw(last_);
  }
}

void ProgressDisplay::finish() {
  const std::lock_guard lock(mutex_);
  if (quiet_ || last_.empty()) {
    return;
  }
  draw(last_);
  if (terminal_) {
    std::fputs("\n", stderr);
  }
}

}  // namespace fd
