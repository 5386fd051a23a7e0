#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fd {

/// How many bytes of a provider's text an error shows.
inline constexpr std::size_t kShownBytes = 200;
/// The shortest piece of a secret that redact() looks for; shorter ones are ordinary words.
inline constexpr std::size_t kSecretPieceBytes = 8;
/// The shortest secret that is hidden at all: hiding "x" would only make messages unreadable.
inline constexpr std::size_t kSecretMinBytes = 4;

/// Returns the beginning of `text` on one line: valid UTF-8, control characters (C0, DEL and C1)
/// as \u00XX, at most kShownBytes of it, with "..." when there was more.
std::string shown(std::string_view text);

/// Returns `text` with every secret, and every piece of one of at least kSecretPieceBytes bytes,
/// replaced by "[redacted]": providers repeat the key that they refuse, and often a part of it.
std::string redact(std::string text, std::span<const std::string> secrets);

}  // namespace fd
