#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fd {

/// Returns 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);
/// Says that work was stopped, and what its drain did not wait for: "stopped with 1,234 calls in
/// flight (possibly billed)"; "stopped" when that is nothing.
std::string stopped(std::uint64_t in_flight);
/// Returns "37.5 %"; "-" when there is no whole. A share below 0.05 % that is not 0 is "<0.1 %",
/// and one above 99.95 % that is not all is ">99.9 %".
std::string percent(std::uint64_t part, std::uint64_t whole);
/// Returns an amount of money: one answer often costs less than short_number() can show.
std::string money(double amount);
/// Returns what `calls` cost, of which `unpriced` have no known price: "0.25", "0.25 without 7
/// calls that have no price" or "unknown (no price_per_mtok)". An unknown cost is not a cost of 0.
std::string cost_text(double cost, std::uint64_t calls, std::uint64_t unpriced);
/// Returns a number with at most four digits behind the point and no trailing zeros.
std::string short_number(double number);
/// Returns `text` so that it can be printed: control characters, invalid UTF-8 and characters that
/// reorder or hide text become \n, \t, \x1b or \u202e.
std::string printable(std::string_view text);
/// Returns `text` as printable() does, but with its line breaks; `indent` spaces stand before each
/// further line that is not empty.
std::string printable_block(std::string_view text, std::size_t indent);
/// Returns the first `characters` code points of `text`, and how many more there are in brackets.
std::string shortened(std::string_view text, std::size_t characters);

}  // namespace fd
