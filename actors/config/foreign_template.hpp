#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fd {

/// Returns what stands in a template in the way of another tool ("{schema}", "$schema", "<schema>",
/// "{% if ... %}"), with what to write instead; empty when nothing does. A field counts only when
/// it is one of `fields` and not in `named`, those that the template names in our way: a template
/// may hold JSON, XML and prices.
std::string foreign_template(std::string_view text, const std::vector<std::string>& fields,
                             const std::set<std::string>& named);

}  // namespace fd
