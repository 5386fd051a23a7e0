#include "worker/worker_messages.hpp"

#include <utility>

#include "actors/system/failpoint.hpp"
#include "protocol/frame.hpp"

namespace fd {

Result<WorkerEvent> message_event(std::string_view bytes) {
  FD_TRY(const FrameView frame, decode_frame(bytes));
  const FromCoordinator from{std::string(frame.run_id), frame.speaker};
  switch (frame.kind) {
    case MessageKind::order: {
      FD_TRY(Order order, decode<Order>(frame.body));
      if (!order.leases.empty()) {
        FD_FAILPOINT("k21.order_received");
      }
      return WorkerEvent(OrderArrived{from, std::move(order)});
    }
    case MessageKind::run_spec: {
      FD_TRY(RunSpec spec, decode<RunSpec>(frame.body));
      if (sha256(spec.config_json) != spec.config) {
        return Error{Errc::corrupt, "run spec: its config has another digest"};
      }
      return WorkerEvent(RunSpecArrived{from, std::move(spec)});
    }
    case MessageKind::samples: {
      FD_TRY(Samples samples, decode<Samples>(frame.body));
      return WorkerEvent(SamplesArrived{from, std::move(samples)});
    }
    case MessageKind::database_chunk: {
      FD_TRY(DatabaseChunk chunk, decode<DatabaseChunk>(frame.body));
      return WorkerEvent(PieceArrived{from, std::move(chunk)});
    }
    case MessageKind::flush_marker: {
      FD_TRY(const FlushMarker marker, decode<FlushMarker>(frame.body));
      return WorkerEvent(FlushMarkerReturned{from, marker});
    }
    case MessageKind::ack: {
      FD_TRY(const Ack ack, decode<Ack>(frame.body));
      FD_FAILPOINT("k29.ack_received");
      return WorkerEvent(AckArrived{from, ack});
    }
    default:
      return Error{Errc::invalid_input, "message: not one for a worker"};
  }
}

}  // namespace fd
