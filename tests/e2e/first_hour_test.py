"""docs/quickstart.md shows what the programs print: its files and commands are run against stand-ins, whose replies have the form that the
public documentation of OpenRouter, Ollama and vLLM shows.

`first_hour_test.py --write` writes the page anew from what the programs print now.
"""

import json
import re
import sys
import unittest

import fd_processes as fd
import fd_teacher
from fd_teacher import send
from fd_page import Page, without_times

PAGE = fd.ROOT / "docs" / "quickstart.md"
ADDRESSES = {"openrouter": "https://openrouter.ai/api/v1", "ollama": "http://127.0.0.1:11434/v1", "vllm": "http://127.0.0.1:8000/v1"}
ANSWERS = {"charged": "billing", "export": "bug", "one account": "question", "invoice": "billing", "closes": "bug",
           "discount": "It is a question about prices."}


def reply(content, finish_reason="stop", **message):
    return {"id": "gen-1", "object": "chat.completion", "created": 1, "model": "served",
            "choices": [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": content, **message}}],
            "usage": {"prompt_tokens": 30, "completion_tokens": 2, "total_tokens": 32}}


def answers(handler):
    request = json.loads(handler.body)
    answer = next(answer for words, answer in ANSWERS.items() if words in request["messages"][-1]["content"])
    send(handler, 200, {**reply(answer), "model": request["model"]})


def refuses(status, words, **more):
    return lambda handler: send(handler, status, {"error": {"message": words, **more}})


def thinks(handler):
    send(handler, 200, reply("", "length", reasoning="The user wants one word. Let me think about it."))


def at_most(characters):
    """As a server with a short context."""
    def answer(handler):
        if len(json.loads(handler.body)["messages"][-1]["content"]) > characters:
            refuses(400, "This model's maximum context length is 128 tokens. However, you requested 160 tokens (96 in the messages, 64 in the "
                         "completion). Please reduce the length of the messages or completion.", type="BadRequestError", code=400)(handler)
        else:
            answers(handler)
    return answer


class Standin(fd_teacher.Teacher):
    def __init__(self, answer, models=()):
        super().__init__(answer)
        listed = {"object": "list", "data": [{"id": model, "object": "model"} for model in models]}
        self.server.RequestHandlerClass.do_GET = lambda handler: send(handler, 200, listed)


class Nobody:
    """A port where nothing listens."""

    def __init__(self):
        server = fd_teacher.Teacher(answers)
        self.url = server.url
        server.stop()

    def stop(self):
        pass


SERVERS = {
    "openrouter": lambda: Standin(answers, ["qwen/qwen-2.5-7b-instruct", "deepseek/deepseek-chat"]),
    "openrouter-wrong-key": lambda: Standin(refuses(401, "User not found.", code=401)),
    "openrouter-no-credit": lambda: Standin(refuses(402, "Insufficient credits. Add more using https://openrouter.ai/settings/credits",
                                                    code=402)),
    "openrouter-no-model": lambda: Standin(refuses(404, "No endpoints found for qwen/qwen-2.5-7b-instruct.", code=404)),
    "ollama": lambda: Standin(answers, ["qwen2.5:7b"]),
    "ollama-not-pulled": lambda: Standin(refuses(404, 'model "qwen2.5:7b" not found, try pulling it first', type="api_error", param=None,
                                                 code=None), ["llama3.2:3b"]),
    "ollama-thinks": lambda: Standin(thinks, ["qwen2.5:7b"]),
    "vllm": lambda: Standin(answers, ["Qwen/Qwen2.5-7B-Instruct"]),
    "vllm-short-context": lambda: Standin(at_most(41), ["Qwen/Qwen2.5-7B-Instruct"]),
    "nobody": Nobody,
}


def preset_of(text):
    return next((preset for preset in ADDRESSES if f"preset: {preset}" in text), None)


def point_at(text, url):
    for preset in ADDRESSES:
        text = text.replace(f"preset: {preset},", f"preset: {preset}, base_url: '{url}',")
    return text


def replayed(folder):
    used = []

    def pointed(text, url):
        used.extend(filter(None, [preset_of(text)]))
        return point_at(text, url)

    def told(text, url):
        port = re.search(r":([0-9]+)/", url)[1]
        address = ADDRESSES[used[-1]] if used else url
        its_port = re.search(r":([0-9]+)/", address)
        return text.replace(f", base_url: '{url}'", "").replace(url, address).replace(f"port {port} ", f"port {its_port[1] if its_port else 443} ")

    return Page(PAGE, folder, pointed, told, {"OPENROUTER_API_KEY": "k"}).replayed(SERVERS)


class FirstHourTest(unittest.TestCase):
    maxDiff = None

    def test_the_page_shows_what_the_programs_print(self):
        with fd.temporary_folder() as folder:
            self.assertEqual(without_times(PAGE.read_text(encoding="utf-8")), without_times(replayed(folder)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        with fd.temporary_folder() as holder:
            PAGE.write_text(replayed(holder), encoding="utf-8")
    else:
        unittest.main()
