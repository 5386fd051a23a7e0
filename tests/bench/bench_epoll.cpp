// The other yardstick: a bare single-threaded epoll loop that does the job of `fd-coordinator run`.
//   fd_bench_epoll DIR PORT OUT CONCURRENCY
// DIR is what scripts/bench/make_bench_set.py writes. Reads the rows one by one, drops duplicates,
// asks the model on 127.0.0.1:PORT with CONCURRENCY calls in flight over kept-alive connections,
// cleans the answer, applies the rules, runs gold and answer read-only, compares, and appends what
// is kept to OUT/train.jsonl as it comes. Without durability, retries, shards, reports or limits:
// what goes wrong ends the program. Prints one line of JSON with the counts.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <simdjson.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/base/digest.hpp"
#include "protocol/json/json.hpp"

namespace {

constexpr std::string_view kSystemPrompt = "Return SQL only.";
constexpr std::size_t kCharsMax = 2000;
constexpr std::size_t kRowsMax = 10'000;
constexpr int kStepsMax = 50'000'000;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "fd_bench_epoll: %s\n", what.c_str());
  std::exit(1);
}

struct Sample {
  std::string id;
  std::string prompt;
  std::string gold;
};

/// The distinct rows of a file, one by one.
class Rows {
 public:
  explicit Rows(const std::string& path) : file_(path) {
    if (!file_) {
      fail("cannot read " + path);
    }
  }

  bool next(Sample& sample) {
    while (std::getline(file_, line_)) {
      ++count_;
      simdjson::dom::element row;
      std::string_view schema, instruction, gold;
      if (parser_.parse(line_).get(row) != simdjson::SUCCESS ||
          row["schema"].get(schema) != simdjson::SUCCESS ||
          row["instruction"].get(instruction) != simdjson::SUCCESS ||
          row["gold_sql"].get(gold) != simdjson::SUCCESS) {
        fail("row " + std::to_string(count_) + " is none of make_bench_set.py");
      }
      canonical_ = R"({"canonical_input":{"instruction":)";
      fd::json::append_string(instruction, canonical_);
      canonical_ += R"(,"schema":)";
      fd::json::append_string(schema, canonical_);
      canonical_ += R"(},"task":"bench","v":1})";
      const fd::Digest id = fd::sha256(canonical_);
      if (!seen_.insert(id).second) {
        continue;
      }
      sample.id = id.hex();
      sample.prompt = "Schema: ";
      sample.prompt.append(schema).append("\nQuestion: ").append(instruction).append("\nSQL:");
      sample.gold = gold;
      return true;
    }
    return false;
  }

  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::ifstream file_;
  std::string line_;
  std::string canonical_;
  simdjson::dom::parser parser_;
  std::unordered_set<fd::Digest, fd::DigestHash> seen_;
  std::size_t count_ = 0;
};

/// A read-only database and the comparison of two queries over it.
class Database {
 public:
  explicit Database(const std::string& path) {
    const std::string uri = "file:" + path + "?mode=ro&immutable=1";
    if (sqlite3_open_v2(uri.c_str(), &db_, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr) !=
        SQLITE_OK) {
      fail("cannot open " + path);
    }
    sqlite3_progress_handler(
        db_, kStepsMax, [](void*) { return 1; }, nullptr);
  }
  ~Database() { sqlite3_close(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Returns whether the answer gives what the gold gives; the order counts where the gold has one.
  bool same(const std::string& gold, const std::string& answer) {
    if (!run(gold, expected_)) {
      fail("the gold query does not run: " + gold);
    }
    if (!run(answer, given_)) {
      return false;
    }
    if (expected_ == given_) {
      return true;
    }
    if (expected_.size() != given_.size() || std::regex_search(gold, ordered_)) {
      return false;
    }
    std::sort(expected_.begin(), expected_.end());
    std::sort(given_.begin(), given_.end());
    return expected_ == given_;
  }

 private:
  using Table = std::vector<std::string>;  ///< a row: its values, each with its kind and length

  bool run(const std::string& sql, Table& rows) {
    rows.clear();
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), static_cast<int>(sql.size()), &statement, &rest) !=
            SQLITE_OK ||
        statement == nullptr) {
      return false;
    }
    int code = *rest == '\0' && sqlite3_stmt_readonly(statement) != 0 ? SQLITE_ROW : SQLITE_MISUSE;
    while (code == SQLITE_ROW && (code = sqlite3_step(statement)) == SQLITE_ROW) {
      if (rows.size() == kRowsMax) {
        code = SQLITE_FULL;
        break;
      }
      std::string& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        append_value(statement, i, row);
      }
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE;
  }

  static void append_value(sqlite3_stmt* statement, int column, std::string& row) {
    const int kind = sqlite3_column_type(statement, column);
    if (kind == SQLITE_INTEGER || kind == SQLITE_FLOAT) {  // 1 and 1.0 are the same
      const double number = sqlite3_column_double(statement, column);
      row.append("n").append(reinterpret_cast<const char*>(&number), sizeof number);
    } else if (kind == SQLITE_NULL) {
      row += '-';
    } else {
      const void* bytes = sqlite3_column_blob(statement, column);
      const int size = sqlite3_column_bytes(statement, column);
      row.append(kind == SQLITE_TEXT ? "t" : "b").append(std::to_string(size)).append(":");
      if (size > 0) {
        row.append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
      }
    }
  }

  sqlite3* db_ = nullptr;
  Table expected_;
  Table given_;
  const std::regex ordered_{R"(\border\s+by\b)", std::regex::icase};
};

std::string cleaned(std::string_view answer) {
  constexpr std::string_view kThink = "</think>", kFence = "```", kSpace = " \t\r\n";
  if (const auto end = answer.find(kThink); end != std::string_view::npos) {
    answer.remove_prefix(end + kThink.size());
  }
  if (const auto open = answer.find(kFence); open != std::string_view::npos) {
    const auto begin = answer.find('\n', open);
    const auto close = begin == answer.npos ? answer.npos : answer.find(kFence, begin);
    if (close != answer.npos) {
      answer = answer.substr(begin + 1, close - begin - 1);
    }
  }
  const auto first = answer.find_first_not_of(kSpace);
  const auto last = answer.find_last_not_of(" \t\r\n;");
  return std::string(last == answer.npos ? "" : answer.substr(first, last - first + 1));
}

bool has_banned_word(std::string_view sql) {
  std::string word;
  for (std::size_t i = 0; i <= sql.size(); ++i) {
    const unsigned char c = i < sql.size() ? static_cast<unsigned char>(sql[i]) : ' ';
    if (std::isalnum(c) != 0 || c == '_') {
      word += static_cast<char>(std::tolower(c));
      continue;
    }
    if (word == "drop" || word == "delete" || word == "insert" || word == "update" ||
        word == "attach") {
      return true;
    }
    word.clear();
  }
  return false;
}

/// Appends the messages of a chat; `answer` may be null.
void append_messages(const Sample& sample, const std::string* answer, std::string& out) {
  out.append(R"([{"content":")").append(kSystemPrompt);
  out += R"(","role":"system"},{"content":)";
  fd::json::append_string(sample.prompt, out);
  out += R"(,"role":"user"})";
  if (answer != nullptr) {
    out += R"(,{"content":)";
    fd::json::append_string(*answer, out);
    out += R"(,"role":"assistant"})";
  }
  out += ']';
}

/// One kept-alive connection with at most one call in flight.
struct Call {
  int socket = -1;
  Sample sample;
  std::string reply;
};

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    fail(std::string("cannot connect: ") + std::strerror(errno));
  }
  return fd;
}

/// Returns the body once the reply is whole, or nothing to see yet.
std::string_view body_of(const std::string& reply) {
  constexpr std::string_view kLength = "\r\nContent-Length: ", kEnd = "\r\n\r\n";
  const auto end = reply.find(kEnd);
  if (end == std::string::npos) {
    return {};
  }
  const auto length = reply.find(kLength);
  if (reply.compare(0, 13, "HTTP/1.1 200 ") != 0 || length > end) {
    fail("not a good reply: " + reply.substr(0, end));
  }
  const std::size_t size = std::strtoul(reply.c_str() + length + kLength.size(), nullptr, 10);
  return reply.size() < end + kEnd.size() + size ? std::string_view{}
                                                 : std::string_view(reply).substr(end + 4, size);
}

class Loop {
 public:
  Loop(const std::string& folder, int port, const std::string& out, std::size_t concurrency)
      : rows_(folder + "/samples.jsonl"),
        database_(folder + "/bench.sqlite"),
        train_(out + "/train.jsonl"),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < concurrency; ++i) {
      auto call = std::make_unique<Call>();
      if (!rows_.next(call->sample)) {
        break;
      }
      call->socket = connect_to(port);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = call.get()}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, call->socket, &event);
      ask(*call);
      calls_.push_back(std::move(call));
    }
  }

  void run() {
    epoll_event events[256];
    for (std::size_t busy = calls_.size(); busy > 0;) {
      const int count = epoll_wait(epoll_, events, std::size(events), -1);
      for (int i = 0; i < count; ++i) {
        Call& call = *static_cast<Call*>(events[i].data.ptr);
        if (!answered(call)) {
          continue;
        }
        if (rows_.next(call.sample)) {
          ask(call);
        } else {
          close(call.socket);
          --busy;
        }
      }
    }
    if (!train_.flush()) {
      fail("cannot write train.jsonl");
    }
    std::printf("{\"raw\": %zu, \"kept\": %zu}\n", rows_.count(), kept_);
  }

 private:
  /// A request of one or two KiB always fits into the buffer of a socket that has none under way.
  void ask(const Call& call) {
    body_ = R"({"max_tokens":512,"messages":)";
    append_messages(call.sample, nullptr, body_);
    body_ += R"(,"model":"stand-in","seed":123,"temperature":0.2,"top_p":1})";
    request_ =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json\r\nContent-Length: ";
    request_.append(std::to_string(body_.size())).append("\r\n\r\n").append(body_);
    if (send(call.socket, request_.data(), request_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size())) {
      fail(std::string("cannot send: ") + std::strerror(errno));
    }
  }

  /// Reads what is there; returns whether that was the end of the answer, which is then judged.
  bool answered(Call& call) {
    const ssize_t size = recv(call.socket, buffer_, sizeof buffer_, 0);
    if (size <= 0) {
      fail("the connection was closed");
    }
    call.reply.append(buffer_, static_cast<std::size_t>(size));
    const std::string_view body = body_of(call.reply);
    if (body.empty()) {
      return false;
    }
    simdjson::dom::element reply;
    std::string_view answer;
    if (parser_.parse(body.data(), body.size()).get(reply) != simdjson::SUCCESS ||
        reply["choices"].at(0)["message"]["content"].get(answer) != simdjson::SUCCESS) {
      fail("not a chat completion: " + std::string(body));
    }
    judge(call.sample, cleaned(answer));
    call.reply.clear();
    return true;
  }

  void judge(const Sample& sample, const std::string& sql) {
    if (sql.empty() || sql.size() > kCharsMax || has_banned_word(sql) ||
        !database_.same(sample.gold, sql)) {
      return;
    }
    ++kept_;
    line_ = R"({"messages":)";
    append_messages(sample, &sql, line_);
    line_.append(R"(,"metadata":{"sample_id":")").append(sample.id).append("\"}}\n");
    train_ << line_;
  }

  Rows rows_;
  Database database_;
  std::ofstream train_;
  int epoll_;
  simdjson::dom::parser parser_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::string body_, request_, line_;
  std::size_t kept_ = 0;
  char buffer_[64 << 10];
};

}  // namespace

int main(int argc, char** argv) {
  const int port = argc == 5 ? std::atoi(argv[2]) : 0;
  const int concurrency = argc == 5 ? std::atoi(argv[4]) : 0;
  if (port <= 0 || concurrency <= 0) {
    std::fprintf(stderr, "usage: fd_bench_epoll DIR PORT OUT CONCURRENCY\n");
    return 2;
  }
  Loop(argv[1], port, argv[3], static_cast<std::size_t>(concurrency)).run();
  return 0;
}
