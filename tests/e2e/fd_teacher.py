"""A teacher for what fd-simulator never says: HTTP on the loopback device, with an answer that the test writes."""

import http.server
import json
import threading


def send(handler, status, body, **headers):
    """Replies with `body`: bytes as they are, anything else as JSON. A header's name has _ for -."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    others = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **others}.items():
        handler.send_header(name, str(value))
    handler.end_headers()
    handler.wfile.write(data)


class Teacher:
    """Calls `answer(handler)` for each request, on a thread of its own, once `handler.body` has been read; `handler` is that
    of http.server. Counts the requests. `tls`: an ssl.SSLContext, for https."""

    def __init__(self, answer, tls=None):
        self.requests = 0
        lock = threading.Lock()
        teacher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    teacher.requests += 1
                answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
