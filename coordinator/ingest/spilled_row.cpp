#include "coordinator/ingest/spilled_row.hpp"

#include <cstring>

namespace fd {
namespace {

struct SpillHead {
  std::uint64_t line = 0;
  std::uint32_t file = 0;
  std::uint32_t database = 0;
  std::uint32_t text_bytes = 0;
  std::uint32_t content_count = 0;
  std::uint32_t id_fields_count = 0;
  std::uint32_t gold_count = 0;  // each with its size in front, at the end
};

void append_places(std::span<const MemberPlace> places, std::string& out) {
  out.append(reinterpret_cast<const char*>(places.data()), places.size_bytes());
}

}  // namespace

void append_spilled(const SpilledRow& row, std::string& out) {
  const SpillHead head{row.line,
                       row.file,
                       row.database,
                       static_cast<std::uint32_t>(row.text.size()),
                       static_cast<std::uint32_t>(row.content.size()),
                       static_cast<std::uint32_t>(row.id_fields.size()),
                       static_cast<std::uint32_t>(row.golds.size())};
  out.append(reinterpret_cast<const char*>(&head), sizeof head);
  append_places(row.content, out);
  append_places(row.id_fields, out);
  out += row.text;
  for (const std::string_view gold : row.golds) {
    const auto bytes = static_cast<std::uint32_t>(gold.size());
    out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    out += gold;
  }
}

SpilledRow read_spilled(std::string_view bytes, std::vector<MemberPlace>& places) {
  SpillHead head;
  const auto take = [&bytes](std::size_t size) {
    FD_CHECK(bytes.size() >= size);
    const std::string_view part = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return part;
  };
  std::memcpy(&head, take(sizeof head).data(), sizeof head);
  places.resize(std::size_t{head.content_count} + head.id_fields_count);
  const std::string_view place_bytes = take(places.size() * sizeof(MemberPlace));
  if (!places.empty()) {
    std::memcpy(places.data(), place_bytes.data(), place_bytes.size());
  }
  SpilledRow row;
  row.line = head.line;
  row.file = head.file;
  row.database = head.database;
  row.content = std::span(places).first(head.content_count);
  row.id_fields = std::span(places).last(head.id_fields_count);
  row.text = take(head.text_bytes);
  for (std::uint32_t i = 0; i < head.gold_count; ++i) {
    std::uint32_t size = 0;
    std::memcpy(&size, take(sizeof size).data(), sizeof size);
    row.golds.push_back(take(size));
  }
  return row;
}

}  // namespace fd
