#include "tests/sim/trace.hpp"

#include <cstdio>

namespace fd::sim {

void Trace::mix(std::uint64_t bits) {
  hash_ = (hash_ ^ bits) * 0x9e3779b97f4a7c15u;
  hash_ ^= hash_ >> 32;
}

void Trace::note(Time time, std::string_view what, std::uint32_t who, std::uint64_t a,
                 std::uint64_t b, std::uint64_t c) {
  mix(static_cast<std::uint64_t>(time));
  for (const char letter : what) {
    mix(static_cast<unsigned char>(letter));
  }
  mix(who);
  mix(a);
  mix(b);
  mix(c);
  if (print_) {
    std::printf("%9lld.%03lld %-10s %-18.*s %llu %llu %llu\n",
                static_cast<long long>(time / kMillisecond),
                static_cast<long long>(time % kMillisecond),
                who == 0 ? "coord" : ("w" + std::to_string(who)).c_str(),
                static_cast<int>(what.size()), what.data(), static_cast<unsigned long long>(a),
                static_cast<unsigned long long>(b), static_cast<unsigned long long>(c));
  }
}

void Trace::line(Time time, const std::string& text) const {
  if (print_) {
    std::printf("%9lld.%03lld %s\n", static_cast<long long>(time / kMillisecond),
                static_cast<long long>(time % kMillisecond), text.c_str());
  }
}

}  // namespace fd::sim
