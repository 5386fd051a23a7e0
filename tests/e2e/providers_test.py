"""Endpoints that want their requests otherwise: own names, headers, keys, certificates, proxies (docs/providers.md)."""

import json
import pathlib
import ssl
import subprocess
import unittest

import fd_processes as fd
import fd_teacher
from fd_teacher import send

ROWS = 30
KEY = "canary-key-5b1f0e77"
TOKEN = "canary token 91d3c2aa"
# What a machine may have set already.
USUAL = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
REFUSED_CONFIG = 2
NO_ENDPOINT = 10


def completion(handler):
    question = json.loads(handler.body)["messages"][-1]["content"]
    send(handler, 200, {"model": "served", "usage": {"prompt_tokens": 5, "completion_tokens": 2},
                        "choices": [{"index": 0, "finish_reason": "stop",
                                     "message": {"role": "assistant", "content": f"answer to {question}"}}]})


class Recorder(fd_teacher.Teacher):
    """Answers, and remembers (path, headers, body) of each request."""

    def __init__(self, answer=completion, tls=None):
        self.seen = []

        def record(handler):
            self.seen.append((handler.path, dict(handler.headers), json.loads(handler.body)))
            answer(handler)

        super().__init__(record, tls)


def new_style(handler):
    """As a server that has other names for two parameters, and says so with the header that it was given."""
    body = json.loads(handler.body)
    if "max_tokens" in body:
        send(handler, 400, {"error": {"message": f"{handler.headers['X-Token']}: use 'max_completion_tokens' instead"}})
    elif body.get("top_p") == 1:
        send(handler, 422, {"error": "`top_p` must be < 1.0"})
    else:
        completion(handler)


class ProvidersTest(unittest.TestCase):
    def setUp(self):
        holder = fd.temporary_folder()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        rows = [json.dumps({"q": f"question {number}"}) for number in range(ROWS)]
        (self.folder / "rows.jsonl").write_text("\n".join(rows) + "\n")

    def teacher(self, *arguments, **options):
        teacher = Recorder(*arguments, **options)
        self.addCleanup(teacher.stop)
        return teacher

    def run_with(self, provider, name, expect=0, **variables):
        """Runs the job with one provider. Returns the run's folder, or what was printed if it is to fail."""
        config = {"task": "ask", "input": ["rows.jsonl"], "contract": {"fields": ["q"]},
                  "teacher": {"model": "role-model", "prompt": "{{q}}"},
                  "gateway": {"providers": [{"name": "one", "max_concurrency": 1, **provider}], "outage_timeout_s": 1,
                              "retry": {"base_ms": 10, "max_ms": 50}},
                  "gates": {"exec": {"kind": "none"}, "select": {"require_exec": False, "min_score": 0}}}
        path = self.folder / "config.yaml"
        path.write_text(json.dumps(config))
        inherited = {key: value for key, value in fd.environment().items() if key.upper() not in USUAL}
        done = subprocess.run([fd.BIN / "fd-coordinator", "run", path, "--out", self.folder / name, "--run-id", "job"],
                              text=True, capture_output=True, timeout=fd.DEADLINE_S, check=False,
                              env={**inherited, **variables})
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return self.folder / name / "job" if expect == 0 else done.stdout + done.stderr

    def secret(self, text):
        path = self.folder / "key"
        path.write_text(text)
        path.chmod(0o600)

    def test_an_endpoint_with_names_of_its_own_decides_no_bytes(self):
        plain = self.run_with({"base_url": self.teacher().url}, "plain")
        special = self.teacher(new_style)
        self.secret(KEY + "\n")
        run_dir = self.run_with({"base_url": special.url, "model": "org/other-name", "auth": "api-key",
                                 "api_key_file": "key", "headers": {"X-Team": "data", "X-Token": {"env": "TEAM_TOKEN"}},
                                 "query": {"api-version": "preview", "token": {"env": "TEAM_TOKEN"}},
                                 "extra_body": {"route": ["a"]}}, "special", TEAM_TOKEN=TOKEN)
        self.assertEqual(fd.stable_files(run_dir), fd.stable_files(plain))
        self.assertEqual(special.requests, ROWS + 2)  # each refusal is paid for once, not once a row
        path, headers, body = special.seen[-1]
        self.assertEqual(path, "/v1/chat/completions?api-version=preview&token=" + TOKEN.replace(" ", "%20"))
        self.assertEqual([headers["api-key"], headers["X-Team"], headers["X-Token"]], [KEY, "data", TOKEN])
        self.assertNotIn("Authorization", headers)
        self.assertEqual(sorted(body), ["max_completion_tokens", "messages", "model", "route", "temperature"])
        self.assertEqual(body["model"], "org/other-name")
        answers = [json.loads(line) for file in run_dir.glob("shards/*/answers.jsonl")
                   for line in file.read_text().splitlines()]
        self.assertEqual({answer["model"] for answer in answers}, {"role-model"})
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name != "key":
                data = file.read_bytes()
                self.assertNotIn(KEY.encode(), data, file)
                self.assertNotIn(TOKEN.encode(), data, file)

    def test_what_is_null_is_not_sent(self):
        teacher = self.teacher()
        path = self.folder / "decode.yaml"
        path.write_text(json.dumps({
            "task": "ask", "input": ["rows.jsonl"], "contract": {"fields": ["q"]},
            "teacher": {"model": "m", "prompt": "{{q}}", "decode": {
                "temperature": None, "top_p": None, "max_tokens": None, "reasoning_effort": "low",
                "response_format": {"type": "json_object"}, "extra": {"top_k": 20}}},
            "gateway": {"providers": [{"name": "one", "base_url": teacher.url}]},
            "gates": {"exec": {"kind": "none"}, "select": {"require_exec": False, "min_score": 0}}}))
        done = fd.run("fd-coordinator", "run", path, "--out", self.folder / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({tuple(sorted(body)) for _, _, body in teacher.seen},
                         {("messages", "model", "reasoning_effort", "response_format", "top_k")})

    def test_a_secret_in_the_config_is_refused(self):
        for setting in ({"headers": {"Authorization": f"Bearer {KEY}"}}, {"query": {"key": KEY}}):
            printed = self.run_with({"base_url": "https://h/v1", **setting}, "refused", expect=REFUSED_CONFIG)
            self.assertIn("write {env: NAME} or {file: PATH}", printed)
            self.assertNotIn(KEY, printed)

    def test_a_private_certificate_is_named_by_key_or_by_environment(self):
        pem, key = self.folder / "ca.pem", self.folder / "server.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        teacher = self.teacher(tls=context)
        printed = self.run_with({"base_url": teacher.url}, "unknown", expect=NO_ENDPOINT)
        self.assertIn("certificate not trusted: name its CA in ca_file of the provider, or in SSL_CERT_FILE", printed)
        self.assertEqual(teacher.requests, 0)
        by_key = self.run_with({"base_url": teacher.url, "ca_file": "ca.pem"}, "by_key")
        by_file = self.run_with({"base_url": teacher.url}, "by_file", SSL_CERT_FILE=str(pem))
        by_bundle = self.run_with({"base_url": teacher.url}, "by_bundle", CURL_CA_BUNDLE=str(pem))
        self.assertEqual(fd.stable_files(by_key), fd.stable_files(by_file))
        self.assertEqual(fd.stable_files(by_key), fd.stable_files(by_bundle))

    def test_a_proxy_is_used_where_it_is_asked_for_and_never_for_loopback(self):
        proxy = self.teacher()
        address = proxy.url.removesuffix("/v1")
        away = {"base_url": "http://teacher.invalid:81/v1"}
        self.run_with({**away, "proxy": "environment"}, "environment", HTTP_PROXY=address)
        self.run_with({**away, "proxy": address}, "key")
        self.assertEqual(proxy.requests, 2 * ROWS)
        self.assertEqual({path for path, _, _ in proxy.seen}, {"http://teacher.invalid:81/v1/chat/completions"})
        printed = self.run_with(away, "unused", expect=NO_ENDPOINT, HTTP_PROXY=address)
        self.assertIn("HTTP_PROXY is set, and provider one does not use it; to use it, set proxy: environment", printed)
        self.assertIn("Could not resolve host: teacher.invalid", printed)
        here = self.teacher()
        dead = "http://127.0.0.1:1"
        self.run_with({"base_url": here.url, "proxy": "environment"}, "loopback", HTTP_PROXY=dead, http_proxy=dead,
                      ALL_PROXY=dead)
        self.assertEqual(here.requests, ROWS)


if __name__ == "__main__":
    unittest.main()
