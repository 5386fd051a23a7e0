#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "actors/sql/sql_end.hpp"
#include "actors/sql/sql_lead.hpp"

namespace fd {

/// The one statement of a text.
struct SqlFound {
  enum class Kind {
    none,     ///< no statement begins in the text
    refused,  ///< one does, but what belongs to it is in doubt, or there are several
    found,
  };
  Kind kind = Kind::none;
  std::string text;  ///< without a closing semicolon; empty unless found
  SqlLead lead = SqlLead::prose;
  bool query = false;  ///< the statement, refused or not, begins as a query
};

/// Finds the earliest statement of `text` and where it ends. Refuses it unless what is left in
/// front of it and behind it is no SQL: no part of a longer statement, and no second, different
/// one.
SqlFound find_statement(std::string_view text, SqlRegion region);

/// Returns whether a line of `text` begins with a clause that is no part of `statement`.
bool holds_clause(std::string_view text, std::string_view statement);

}  // namespace fd
