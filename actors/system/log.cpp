#include "actors/system/log.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "protocol/base/escape.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"error", "warn", "info", "debug", "trace"};

}  // namespace

std::string wall_clock_text() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  const std::time_t seconds = static_cast<std::time_t>(ms.count() / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(ms.count() % 1000));
  return text.data();
}

std::string local_time_text(Duration ahead) {
  const std::time_t then = std::chrono::system_clock::to_time_t(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(ahead));
  std::tm parts{};
  localtime_r(&then, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

std::optional<LogLevel> log_level_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames.at(i) == name) {
      return static_cast<LogLevel>(i);
    }
  }
  return std::nullopt;
}

std::string log_value(std::string_view text, std::size_t max_bytes) {
  const std::string valid = json::replace_invalid_utf8(text.substr(0, max_bytes));
  std::string out = escaped(valid, [](std::uint32_t code) -> std::string {
    if (code == '"' || code == '\\') {
      return {'\\', static_cast<char>(code)};
    }
    return code == '\n' ? "\\n" : is_control(code) ? hex_escape(code) : "";
  });
  bool quote =
      out.empty() || out.size() != valid.size() || out.find_first_of(" =") != std::string::npos;
  if (text.size() > max_bytes) {
    out += "...(" + std::to_string(text.size()) + " bytes)";
    quote = true;
  }
  return quote ? '"' + out + '"' : out;
}

void Log::write(LogLevel level, std::string_view event, Fields fields) const {
  if (!enabled(level)) {
    return;
  }
  std::string line = wall_clock_text();
  line += ' ';
  line += kNames.at(static_cast<std::size_t>(level));
  line += ' ' + unit_ + ' ';
  line += event;
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=' + log_value(value);
  }
  line += '\n';
  // One call for the whole line, so that lines of several threads do not mix.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace fd
