#include "coordinator/live/progress_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "coordinator/text/report_text.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr Duration kRateWindow = std::chrono::seconds(10);

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

void ProgressText::take(Instant now, const Progress& progress) {
  progress_ = progress;
  points_.push_back({now, progress.done});
  while (points_.size() > 2 && now - points_.front().at > kRateWindow) {
    points_.erase(points_.begin());
  }
}

double ProgressText::rate() const {
  if (points_.empty()) {
    return 0;
  }
  const double span = static_cast<double>((points_.back().at - points_.front().at).count()) / 1e6;
  return span > 0 ? static_cast<double>(points_.back().done - points_.front().done) / span : 0;
}

std::optional<double> ProgressText::left_s() const {
  const double per_second = rate();
  if (per_second <= 0 || progress_.done >= progress_.total) {
    return std::nullopt;
  }
  return static_cast<double>(progress_.total - progress_.done) / per_second;
}

std::string ProgressText::line() const {
  const std::uint64_t judged = progress_.kept + progress_.rejected;
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%s / %s  %3.0f %%  %.0f/s",
                grouped(progress_.done).c_str(), grouped(progress_.total).c_str(),
                progress_.total > 0 ? 100.0 * static_cast<double>(progress_.done) /
                                          static_cast<double>(progress_.total)
                                    : 100.0,
                rate());
  std::string line = text.data();
  if (judged > 0) {
    std::snprintf(text.data(), text.size(), "  kept %.1f %%",
                  100.0 * static_cast<double>(progress_.kept) / static_cast<double>(judged));
    line += text.data();
  }
  if (progress_.failed > 0) {
    line += "  failed " + grouped(progress_.failed);
  }
  line += "  tokens " + short_count(progress_.prompt_tokens) + " in " +
          short_count(progress_.completion_tokens) + " out";
  if (progress_.calls > 0) {
    line += "  cost " + (progress_.unpriced < progress_.calls ? money(progress_.cost) : "unknown");
  }
  line += "  " + grouped(progress_.in_flight) + " in flight on " +
          std::to_string(progress_.workers) + (progress_.workers == 1 ? " worker" : " workers");
  if (const auto left = left_s()) {
    line += "  left " + short_duration(*left);
  }
  return line;
}

std::string ProgressText::json() const {
  const auto left = left_s();
  const bool cost_known = progress_.calls == 0 || progress_.unpriced < progress_.calls;
  return json::canonical(
      json::Object{{"event", "progress"},
                   {"done", progress_.done},
                   {"total", progress_.total},
                   {"kept", progress_.kept},
                   {"rejected", progress_.rejected},
                   {"failed", progress_.failed},
                   {"rate", rate()},
                   {"left_s", left ? json::Value(*left) : json::Value()},
                   {"calls", progress_.calls},
                   {"in_flight", static_cast<std::uint64_t>(progress_.in_flight)},
                   {"prompt_tokens", progress_.prompt_tokens},
                   {"completion_tokens", progress_.completion_tokens},
                   {"cost", cost_known ? json::Value(progress_.cost) : json::Value()},
                   {"workers", static_cast<std::uint64_t>(progress_.workers)}});
}

}  // namespace fd
