#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/digest.hpp"
#include "tests/simulator/answer_book.hpp"
#include "tests/simulator/chat_request.hpp"
#include "tests/simulator/faults.hpp"
#include "tests/simulator/http_parser.hpp"
#include "tests/simulator/latency.hpp"
#include "tests/simulator/replies.hpp"

namespace fd::simulator {

/// How the simulator behaves as a model server.
struct ServiceOptions {
  std::uint64_t seed = 0;
  bool fixed = false;                    ///< constant answer; bodies are not looked at
  std::vector<std::string> models = {};  ///< empty: every name is served
  LatencyModel latency = {};
  FaultRates faults = {};
  std::string reject_contains = {};  ///< empty: nothing is rejected
  std::uint64_t choices_max = 0;     ///< so many choices come at most; 0: as many as are asked for
  bool refuse_n = false;             ///< several choices are refused
  double retry_after_s = -1;         ///< below 0: no Retry-After on 429 and 503
  bool digest_bodies = false;        ///< fill Outcome::key
};

/// What to do with one request.
struct Outcome {
  int status = 200;  ///< 0: no status line is ever sent
  Fault fault = Fault::none;
  std::uint64_t delay_us = 0;  ///< from arrival to reply
  bool close = false;          ///< close after the reply (or instead of it)
  bool silent = false;         ///< neither reply nor close
  bool completion = false;     ///< it was a chat completion request: belongs into the request log
  Digest key;                  ///< SHA-256 of the body, when asked for
};

/// The model server without its sockets: from a request to the bytes of its reply.
/// Thread: one at a time.
class Service {
 public:
  /// Requires: options.faults.sum() <= 1.
  Service(ServiceOptions options, AnswerBook book);

  /// Appends the reply to `request` to `out` and returns what to do with it. The reply depends on
  /// the request, the options, and (faults only) how often that body came before.
  Outcome handle(const HttpRequest& request, std::string& out);
  /// Appends the reply to bytes that are no request. The connection must be closed after it.
  static void append_refusal(int status, std::string_view message, std::string& out);

 private:
  Outcome complete(const HttpRequest& request, std::string& out);
  void build_completion(const ChatRequest& chat);
  bool must_reject(const ChatRequest& chat) const;
  bool serves(std::string_view model) const;
  int build_body(std::string_view body, Outcome& outcome);
  void reply(const HttpRequest& request, const Outcome& outcome, std::string& out) const;
  void apply(Fault fault, Outcome& outcome);

  ServiceOptions options_;
  AnswerBook book_;
  FaultPlan faults_;
  ChatRequestReader reader_;
  std::vector<Choice> choices_;
  std::string served_model_;
  std::string body_;
  std::string fixed_body_;
};

}  // namespace fd::simulator
