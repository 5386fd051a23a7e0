"""Endpoints that fail, each in its own way. `KINDS` has a function for each: it replies to one request of an http.server
handler whose body was read; `good` is the URL of an endpoint that answers."""

import json
import re
import socket
import time
import urllib.request

from fd_teacher import send

PAGE = b"<!doctype html><title>Welcome</title>"


def forward(handler, good):
    request = urllib.request.Request(f"{good}/chat/completions", handler.body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as reply:
        send(handler, reply.status, reply.read())


def close(handler, *_):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def late(handler, _):
    """Replies after the time-out of a request that the tests set."""
    time.sleep(1.5)
    close(handler)


def flaps(handler, good):
    if int(time.monotonic() / 0.3) % 2:
        forward(handler, good)
    else:
        close(handler)


def cuts(handler, _):
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"message": {"content": "SELECT')
    handler.wfile.flush()
    close(handler)


def slow_to_begin(handler, good):
    time.sleep(5)
    forward(handler, good)


def refuses(status, words, **headers):
    return lambda handler, _: send(handler, status, {"error": {"message": words}}, **headers)


KINDS = {
    "dead": None,  # nobody listens
    "late": late,
    "flaps": flaps,
    "401": refuses(401, "Incorrect API key provided"),
    "402": refuses(402, "Insufficient credits"),
    "404": refuses(404, "The model does not exist"),
    "400": refuses(400, "Unsupported value: 'temperature' does not support 0.2 with this model."),
    "503": refuses(503, "loading"),
    "429": refuses(429, "slow down"),
    "429 with a time": refuses(429, "slow down", Retry_After=1),
    "page": lambda handler, _: send(handler, 200, PAGE, Content_Type="text/html"),
    "cuts": cuts,
    "slow to begin": slow_to_begin,
}
# Those that a run cannot do anything with, whatever it waits for.
REFUSING = ("401", "402", "404", "400", "page")


def gateway(endpoints, priorities=None, **keys):
    """Returns the gateway section of these (name, URL, max_concurrency), as a line of YAML. `priorities`: by name; 0 where
    it has none."""
    providers = [{"name": name, "base_url": url, "max_concurrency": calls, "priority": (priorities or {}).get(name, 0)}
                 for name, url, calls in endpoints]
    settings = {"request_timeout_s": 60, "retry": {"base_ms": 10, "max_ms": 500}, **keys}
    return "gateway: " + json.dumps({"providers": providers, **settings}) + "\n"


def config_with(config, section, path):
    """Writes a copy of a config with another gateway section."""
    text = re.sub(r"^gateway:.*\n(?:[ ].*\n|\n)*", "", config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text + "\n" + section, encoding="utf-8")
    return path
