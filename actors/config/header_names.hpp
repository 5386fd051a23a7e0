#pragma once

#include <string>
#include <string_view>

namespace fd {

/// Returns why a header of this name must not be configured; empty: it may. Refused are what is no
/// name, what belongs to one connection (RFC 9110, 7.6.1), and what the gateway itself decides.
std::string header_name_fault(std::string_view name);

/// Returns whether an API key goes in a header of this name.
bool is_key_header(std::string_view name);

/// Returns whether the value of a header or query parameter of this name is taken for a secret.
bool names_secret(std::string_view name);
/// Returns whether a value is taken for a secret, whatever its name: "Bearer ...", "sk-...".
bool looks_secret(std::string_view value);

/// Returns whether `text` holds a line break or another control character.
bool has_control_character(std::string_view text);

}  // namespace fd
