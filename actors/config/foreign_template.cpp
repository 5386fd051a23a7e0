#include "actors/config/foreign_template.hpp"

#include <algorithm>
#include <array>

#include "actors/config/problems.hpp"
#include "protocol/base/text.hpp"

namespace fd {
namespace {

/// Returns whether `text` has `part` where no letter, digit or "_" follows.
bool has_word(std::string_view text, std::string_view part) {
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    if (end == text.size() || (!is_ascii_alphanumeric(text[end]) && text[end] != '_')) {
      return true;
    }
  }
  return false;
}

/// Returns how another tool's template names `field` in `text`, or nothing.
std::string foreign_place(std::string_view text, const std::string& field) {
  for (const std::string& spelling :
       {"${" + field + "}", "{" + field + "}", "%(" + field + ")s", "[[" + field + "]]"}) {
    if (text.find(spelling) != std::string_view::npos) {
      return spelling;
    }
  }
  if (has_word(text, "$" + field)) {
    return "$" + field;
  }
  const std::string tag = "<" + field + ">";  // with its end it is a tag of the prompt's own
  const bool tagged = text.find(tag) != std::string_view::npos &&
                      text.find("</" + field + ">") == std::string_view::npos;
  return tagged ? tag : "";
}

/// Returns the statement of Jinja that `text` holds ("{% if"), or nothing.
std::string jinja_statement(std::string_view text) {
  constexpr std::array<std::string_view, 14> kWords = {
      "if",  "elif",  "else",    "endif", "for",      "endfor", "set",
      "raw", "block", "include", "macro", "endmacro", "with",   "filter"};
  for (std::size_t at = text.find("{%"); at != std::string_view::npos;
       at = text.find("{%", at + 2)) {
    std::string_view rest = text.substr(at + 2);
    rest.remove_prefix(rest.starts_with('-') ? 1 : 0);
    rest = trimmed(rest);
    for (const std::string_view word : kWords) {
      if (has_word(rest.substr(0, word.size() + 1), word)) {
        return "{% " + std::string(word);
      }
    }
  }
  return "";
}

}  // namespace

std::string foreign_template(std::string_view text, const std::vector<std::string>& fields,
                             const std::set<std::string>& named) {
  if (const std::string statement = jinja_statement(text); !statement.empty()) {
    return "'" + statement + " ... %}' is a statement of Jinja, which would go to the model as " +
           "text; a template here has {{field}} places only: prepare the text in a field of the " +
           "rows";
  }
  for (const std::string& field : fields) {
    const std::string place = named.contains(field) ? "" : foreign_place(text, field);
    if (!place.empty()) {
      return "'" + printable_line(place) + "' would go to the model as it stands; write {{" +
             printable_line(field) + "}}";
    }
  }
  return "";
}

}  // namespace fd
