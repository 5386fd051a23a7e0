#include "protocol/base/field_template.hpp"

#include <utility>

#include "protocol/base/text.hpp"

namespace fd {

TemplatePiece take_piece(std::string_view& text) {
  const std::size_t open = text.find("{{");
  if (open == std::string_view::npos) {
    return {std::exchange(text, {}), TemplatePiece::Place::none, {}};
  }
  const std::string_view literal = text.substr(0, open);
  text.remove_prefix(open + 2);
  const std::size_t close = text.find("}}");
  if (close == std::string_view::npos) {
    return {literal, TemplatePiece::Place::unclosed, std::exchange(text, {})};
  }
  const std::string_view field = trimmed(text.substr(0, close));
  text.remove_prefix(close + 2);
  return {literal, TemplatePiece::Place::field, field};
}

}  // namespace fd
