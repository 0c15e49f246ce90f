"""Objects of a repository, and JSON in the form of section 4 of docs/format.md.

Part of format_reader.py, and like it written from the specification alone.
"""

import decimal
import hashlib
import json
import subprocess


class Git:
    """Objects of a repository, through one `git cat-file --batch`."""

    def __init__(self, repository):
        self.base = ["git", "-C", repository]
        self.batch = subprocess.Popen(
            [*self.base, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, *args):
        done = subprocess.run([*self.base, *args], stdout=subprocess.PIPE, check=True)
        return done.stdout.decode("utf-8", "replace")

    def resolve(self, name):
        done = subprocess.run([*self.base, "rev-parse", "--verify", "--quiet", name], stdout=subprocess.PIPE)
        return done.stdout.decode().strip() or None

    def read(self, oid):
        """Kind and content of an object; (None, None) if it is not there."""
        self.batch.stdin.write(oid.encode() + b"\n")
        self.batch.stdin.flush()
        head = self.batch.stdout.readline().split()
        if head[1] == b"missing":
            return None, None
        data = self.batch.stdout.read(int(head[2]))
        self.batch.stdout.read(1)
        kind = head[1].decode()
        name = hashlib.sha1 if len(oid) == 40 else hashlib.sha256
        actual = name(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()
        if actual != oid:
            raise ValueError(f"object {oid} has the id {actual}")
        return kind, data

    def tree(self, oid):
        """Entries of a tree: name (bytes) -> (mode, object id)."""
        kind, data = self.read(oid)
        if kind != "tree":
            raise ValueError(f"{oid} is no tree but {kind or 'missing'}")
        entries, at, width = {}, 0, len(oid) // 2
        while at < len(data):
            nul = data.index(b"\0", at)
            mode, name = data[at:nul].split(b" ", 1)
            entries[name] = (mode.decode(), data[nul + 1:nul + 1 + width].hex())
            at = nul + 1 + width
        return entries

    def blob(self, oid):
        kind, data = self.read(oid)
        if kind != "blob":
            raise ValueError(f"{oid} is no blob but {kind or 'missing'}")
        return data


# Section 4: JSON


def number(value):
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "-0.0" if str(value).startswith("-") else "0.0"
    # Python's repr has the shortest digits too, but puts the point elsewhere.
    sign, digits, exponent = decimal.Decimal(repr(value)).as_tuple()
    point = len(digits) + exponent  # the value is 0.digits * 10^point
    digits = "".join(map(str, digits)).rstrip("0")
    if -5 < point <= 16:
        if point <= 0:
            text = "0." + "0" * -point + digits
        elif point >= len(digits):
            text = digits + "0" * (point - len(digits)) + ".0"
        else:
            text = digits[:point] + "." + digits[point:]
    else:
        text = digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{point - 1:+d}"
    return "-" * sign + text


def string(value):
    return json.dumps(value, ensure_ascii=False)


def encode(value, indent=None, sort=True, level=0):
    """JSON in the canonical form, or on one line without white space."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        items, (opening, closing) = [encode(item, indent, sort, level + 1) for item in value], "[]"
    else:
        keys = sorted(value, key=lambda key: key.encode()) if sort else value
        colon = ":" if indent is None else ": "
        items = [string(key) + colon + encode(value[key], indent, sort, level + 1) for key in keys]
        opening, closing = "{}"
    if indent is None or not items:
        return opening + ",".join(items) + closing
    margin = "\n" + " " * indent * level
    inner = margin + " " * indent
    return opening + inner + ("," + inner).join(items) + margin + closing


def canonical(value):
    return (encode(value, indent=2) + "\n").encode()
