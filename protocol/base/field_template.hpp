#pragma once

#include <string_view>

namespace fd {

/// What stands before a place of a template, and the place.
struct TemplatePiece {
  enum class Place {
    none,      ///< the template ends with the literal
    field,     ///< {{field}}
    unclosed,  ///< "{{" without its "}}"
  };
  std::string_view literal;
  Place place = Place::none;
  std::string_view field;  ///< without blanks around it; of an unclosed place all that follows it
};

/// Takes the first piece off `text`, a template with {{field}} places. Lifetime: that of the text.
TemplatePiece take_piece(std::string_view& text);

}  // namespace fd
