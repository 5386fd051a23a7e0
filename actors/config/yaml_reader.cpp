#include "actors/config/yaml_reader.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "actors/config/problems.hpp"
#include "protocol/base/escape.hpp"
#include "protocol/base/utf8.hpp"
#include "protocol/json/json.hpp"

namespace fd {
namespace {

std::size_t one_based(int number) {
  return number < 0 ? 1 : static_cast<std::size_t>(number) + 1;
}

/// Builds the tree from yaml-cpp's events. Events instead of YAML::Node: nothing is expanded, so an
/// alias costs nothing, and every key keeps its place.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::size_t source, YamlDocument& document) : source_(source), document_(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      problem(mark, "a second document (---) is not allowed");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_anchor(mark, anchor);
    YamlNode node;
    node.place = place(mark);
    attach(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problem(mark, "aliases (*name) are not allowed");
    YamlNode node;
    node.place = place(mark);
    attach(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.quoted = tag != "?";
    node.text = value;
    node.place = place(mark);
    attach(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::section);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] YamlPlace place(const YAML::Mark& mark) const {
    return {source_, one_based(mark.line), one_based(mark.column)};
  }
  void problem(const YAML::Mark& mark, std::string what) {
    document_.problems.push_back({place(mark), std::move(what)});
  }
  [[nodiscard]] bool wants_more() const { return documents_ < 2; }

 private:
  struct Key {
    std::string text;
    YamlPlace place;
    bool usable = true;
  };
  struct Frame {
    YamlNode node;
    std::optional<Key> key;  ///< of a section: read, and its value not yet
    std::map<std::string, std::size_t> key_lines;
  };

  void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      problem(mark, "anchors (&name) are not allowed");
    }
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      problem(mark, "tags (!name) are not allowed");
    }
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    if (stack_.size() == kMaxYamlDepth) {
      problem(mark, "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.place = place(mark);
    stack_.push_back(std::move(frame));
  }
  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    // What lies too deep is reported and left out, so that no later step recurses as deep.
    if (stack_.size() < kMaxYamlDepth) {
      attach(std::move(node));
    } else {
      attach(YamlNode{});
    }
  }
  void attach(YamlNode node) {
    if (++nodes_ == kMaxYamlNodes + 1) {
      document_.problems.push_back(
          {node.place, "more than " + std::to_string(kMaxYamlNodes) + " values"});
    }
    if (stack_.empty()) {
      if (documents_ == 1) {
        document_.root = std::move(node);
      }
      return;
    }
    Frame& frame = stack_.back();
    if (nodes_ > kMaxYamlNodes) {
      return;
    }
    if (frame.node.kind == YamlNode::Kind::list) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      take_key(frame, std::move(node));
    } else {
      take_value(frame, std::move(node));
    }
  }
  void take_key(Frame& frame, YamlNode node) {
    Key key{std::move(node.text), node.place, node.kind == YamlNode::Kind::scalar};
    if (!key.usable) {
      document_.problems.push_back(
          {key.place, "a key must be text; text that begins with { or [ needs quotes"});
    } else if (const auto [first, added] = frame.key_lines.emplace(key.text, key.place.line);
               !added) {
      document_.problems.push_back({key.place, "key '" + printable_line(key.text) +
                                                   "' is given twice, first in line " +
                                                   std::to_string(first->second)});
      key.usable = false;
    }
    frame.key = std::move(key);
  }
  static void take_value(Frame& frame, YamlNode node) {
    Key key = std::move(*frame.key);
    frame.key.reset();
    if (!key.usable) {
      return;
    }
    if (node.kind == YamlNode::Kind::nothing) {
      node.place = key.place;  // yaml-cpp places an absent value at the next line
    }
    frame.node.members.push_back({std::move(key.text), key.place, std::move(node)});
  }
  std::size_t source_;
  YamlDocument& document_;
  std::vector<Frame> stack_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
};

/// Returns what keeps `text` from being given to yaml-cpp, which guesses encodings and takes U+0004
/// for the end.
std::optional<YamlProblem> refuse_bytes(std::string_view text, std::size_t source) {
  YamlPlace place{source, 0, 0};
  if (text.size() > kMaxYamlBytes) {
    return YamlProblem{place, "is larger than " + std::to_string(kMaxYamlBytes) + " bytes"};
  }
  if (!json::valid_utf8(text)) {
    return YamlProblem{place, "is not valid UTF-8"};
  }
  place = {source, 1, 1};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) {
      return YamlProblem{place, "control character " + std::to_string(byte) + " is not allowed"};
    }
    place.column = c == '\n' ? 1 : place.column + 1;
    place.line += c == '\n' ? 1 : 0;
  }
  return std::nullopt;
}

/// Returns line `number` (from 1 on) of `text` without its end, empty when there is none.
std::string_view line_at(std::string_view text, std::size_t number) {
  for (; number > 1 && !text.empty(); --number) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// Returns the place and name of a character in the indentation of line `number` that looks like a
/// blank and is none to YAML.
std::optional<YamlProblem> false_blank(std::string_view text, std::size_t number,
                                       std::size_t source) {
  const std::string_view line = line_at(text, number);
  for (std::size_t at = 0; at < line.size(); at = character_end(line, at)) {
    const std::uint32_t code = code_point(line.substr(at, character_end(line, at) - at));
    const bool wide = code == 0xA0 || (code >= 0x2000 && code <= 0x200B) || code == 0x202F ||
                      code == 0x3000 || code == 0xFEFF;
    if (code == '\t' || wide) {
      const std::string name =
          code == '\t' ? "a tab" : "a blank of another kind (" + hex_escape(code) + ")";
      return YamlProblem{{source, number, at + 1},
                         "is indented by " + name + "; YAML takes plain blanks only"};
    }
    if (code != ' ') {
      break;
    }
  }
  return std::nullopt;
}

/// Returns what is wrong at `mark`, where yaml-cpp gave up: the line's indentation, or that of the
/// line before, is mostly why.
YamlProblem parse_problem(std::string_view text, const YamlPlace& at, const std::string& what) {
  for (const std::size_t line : {at.line, at.line - 1}) {
    if (auto blank = line > 0 ? false_blank(text, line, at.source) : std::nullopt) {
      return *blank;
    }
  }
  return {at, "is not valid YAML: " + what};
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlMember& member : members) {
    if (member.key == key) {
      return &member.value;
    }
  }
  return nullptr;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

YamlDocument read_yaml(std::string_view text, std::size_t source) {
  YamlDocument document;
  document.root.place = {source, 0, 0};
  if (auto refused = refuse_bytes(text, source)) {
    document.problems.push_back(std::move(*refused));
    return document;
  }
  TreeBuilder builder(source, document);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (builder.wants_more() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::DeepRecursion& error) {
    builder.problem(error.mark, "nested too deeply");
  } catch (const YAML::Exception& error) {
    document.problems.push_back(parse_problem(text, builder.place(error.mark), error.msg));
  }
  return document;
}

}  // namespace fd
