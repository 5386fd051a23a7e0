"""Seals a run.json again that a test has changed: what a program of another version would have written."""

import hashlib
import json

MARK = ',\n  "seal_crc32c": '
BLOCK = 64 << 10


def crc32c(data):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def canonical(value):
    """As RFC 8785 has it, for the numbers and keys that a run.json has."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sealed(body):
    """Returns the text of a run.json of which `body` is what stands before its seal."""
    data = body.encode()
    crcs = [crc32c(data[at:at + BLOCK]) for at in range(0, len(data), BLOCK)]
    rest = dict(json.loads(body + "\n}"), seal_crc32c=crcs)
    seal = hashlib.sha256(canonical(rest).encode()).hexdigest()
    return f'{body}{MARK}{canonical(crcs)},\n  "seal": "{seal}"\n}}'


def change_run_json(run_dir, old, new):
    """Replaces a text that stands in run.json once, and seals it again."""
    path = run_dir / "run.json"
    text = path.read_text()
    body = text[:text.rindex(MARK)]
    assert sealed(body) == text, "this seals otherwise than the program does"
    assert body.count(old) == 1, f"{old!r} is {body.count(old)} times in {path}"
    path.write_text(sealed(body.replace(old, new)))
