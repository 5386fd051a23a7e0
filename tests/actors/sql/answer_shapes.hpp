#pragma once

#include <string>
#include <vector>

namespace fd::testing_support {

/// What cleaning should make of an answer.
enum class Expected {
  query,   ///< the query in it
  doubt,   ///< holds one query, but nobody can tell where it ends: the query, or a refusal
  refusal  ///< holds several statements, or a half of one: a refusal
};

/// A way in which models wrap a query. Made from lists of parts, the same in every run.
struct AnswerShape {
  std::string form;  ///< with the marks that answer_of() fills in
  Expected expected = Expected::query;
  bool crlf = false;  ///< lines end with CR LF
};

/// Returns forms in which the query is only the first half of what the model wrote: a clause that
/// stands behind marks, or a clause of another dialect.
std::vector<std::string> halves();

/// Returns every shape: fences, labels, tags, quotes, bullets and reasoning, each with texts in
/// front and behind; JSON; several statements; halves of statements.
std::vector<AnswerShape> answer_shapes();

/// Returns the answer that wraps `query` so: {q} stands for the query, {j} for it as the inside of
/// a JSON string, {>} for it with "> " in front of each line, {...} with "...> " in front of each
/// further line, {i} with three blanks.
std::string answer_of(const AnswerShape& shape, const std::string& query);

}  // namespace fd::testing_support
