#!/usr/bin/env python3
"""Reads and verifies the runs of a repository, as docs/format.md specifies them.

usage: format_reader.py [--ref REF] REPOSITORY

A second implementation, written from the specification and not from the
source of git-agentv, with nothing but Python's standard library and git. It
prints the list of all runs as `git agentv list -n 0 --deleted --format json`
does, and on standard error what is not as specified. Exit code 1 if anything is not.
"""

import argparse
import decimal
import hashlib
import json
import re
import struct
import subprocess
import sys
from datetime import datetime, timezone

RUNS_REF = "refs/agentv/runs/v1"
ROW_KEYS = """run_id timestamp experiment target test_count passed pass_rate avg_score tags sha
    id tree errors duration_ms cost_usd tokens format status""".split()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HFS_IGNORES = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


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


def time(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# Section 8: commits


class Commit:
    def __init__(self, oid, data):
        head, _, message = data.partition(b"\n\n")
        self.oid, self.parents, self.date = oid, [], None
        for line in head.decode("utf-8", "replace").split("\n"):
            key, _, value = line.partition(" ")
            if key == "tree":
                self.tree = value
            elif key == "parent":
                self.parents.append(value)
            elif key == "committer":
                self.date = int(value.split(" ")[-2])
        self.trailers = []
        text = message.decode("utf-8", "replace").rstrip()
        if "\n\n" in text:
            for line in text.rsplit("\n\n", 1)[1].split("\n"):
                key, colon, value = line.partition(":")
                if colon:
                    self.trailers.append((key.lower(), value.strip()))
        self.op = next(iter(self.values("agentv-op")), None)
        # A commit without Agentv-Op is none of ours.
        self.lines = self.values("agentv-row") if self.op else []

    def values(self, key):
        return [value for name, value in self.trailers if name == key]


class Reader:
    def __init__(self, repository, ref):
        self.git, self.ref = Git(repository), ref
        self.problems = []

    def complain(self, where, what):
        self.problems.append(f"{where}: {what}")

    # Section 9: the fold and the list

    def log(self, tip):
        # No parent before all of its children, newer commits before older ones.
        for oid in self.git.run("rev-list", "--date-order", tip).split():
            kind, data = self.git.read(oid)
            if kind != "commit":
                raise ValueError(f"{oid} is no commit")
            yield Commit(oid, data)

    def runs(self):
        """(row, date of its place) of all runs, in the order of the list."""
        tip = self.git.resolve(self.ref)
        if tip is None:
            return []
        holds, place, dates, parents = {}, {}, {}, []
        for commit in self.log(tip):
            dates[commit.oid] = commit.date
            parents += [(commit.oid, parent) for parent in commit.parents]
            if commit.oid == tip and not commit.op:
                raise ValueError(f"{self.ref} does not hold runs")
            for line in commit.lines:
                row = json.loads(line)
                self.check_message(commit, row, line)
                holds.setdefault(row["id"], row)
                if commit.op == "record":
                    place.setdefault(row["id"], commit.date)
        for child, parent in parents:
            if parent in dates and dates[parent] > dates[child]:
                self.complain(f"commit {child}", "its date is before that of its parent")
        listed = [(row, place[run]) for run, row in holds.items() if run in place]
        listed.sort(key=lambda run: (run[1], run[0].get("timestamp") or "", run[0]["id"]), reverse=True)
        self.check_tip(tip, listed)
        return listed

    def check_message(self, commit, row, line):
        where = f"commit {commit.oid}"
        ordered = [key for key in ROW_KEYS if key in row] + [key for key in row if key not in ROW_KEYS]
        if list(row) != ordered:
            self.complain(where, f"the keys of its row are in another order: {list(row)}")
        if encode(row, sort=False) != line:
            self.complain(where, "its row is not written as specified")
        if len(commit.lines) == 1 and commit.values("agentv-run") != [row["id"]]:
            self.complain(where, "Agentv-Run is not the run of its row")
        if None in row.values():
            self.complain(where, "its row has a null")

    def check_tip(self, tip, listed):
        """Section 2: each run is in its place in the tip's tree, and nothing else is there."""
        root = self.git.tree(Commit(tip, self.git.read(tip)[1]).tree)
        there = {}
        for shard, (mode, oid) in root.items():
            if mode == "40000" and re.fullmatch(rb"[0-9a-f]{2}", shard):
                there |= {(shard + name).decode(): tree for name, (_, tree) in self.git.tree(oid).items()}
        expected = {row["id"]: row["tree"] for row, _ in listed}
        for run in sorted(expected.keys() | there.keys()):
            if expected.get(run) != there.get(run):
                self.complain(f"run {run}", f"the list says {expected.get(run)}, the tip's tree {there.get(run)}")

    # Sections 2 to 7: one run

    def check(self, row):
        where = f"run {row['id']}"
        try:
            self.check_run(row, where)
        except (ValueError, KeyError) as err:
            self.complain(where, f"{type(err).__name__}: {err}")

    def check_run(self, row, where):
        entries = self.git.tree(row["tree"])
        manifest = self.document(entries, b"run.json", "agentv.run.v1", where)
        overlay = {}
        if b"overlay.json" in entries:
            overlay = self.document(entries, b"overlay.json", "agentv.overlay.v1", where)
            if set(overlay) == {"schema"}:
                self.complain(where, "overlay.json says nothing")
            if "tags" in overlay and overlay["tags"] != sorted(set(overlay["tags"]), key=str.encode):
                self.complain(where, "the tags of overlay.json are not a sorted set")
        expected = self.row(manifest, overlay, row["tree"])
        if expected != row:
            self.complain(where, f"its row should be {expected}, not {row}")
        if len(set(row["tags"])) != len(row["tags"]):
            self.complain(where, f"it has a tag twice: {row['tags']}")
        algorithm, _, artifacts = manifest["files"]["digest"].partition(":")
        if algorithm != ("sha1" if len(row["tree"]) == 40 else "sha256"):
            self.complain(where, f"its digest is of another object format: {algorithm}")
        if manifest["id"] != run_id(manifest, artifacts):
            self.complain(where, f"its id should be {run_id(manifest, artifacts)}")
        present = entries.get(b"artifacts")
        if "pruned" in overlay and (present or b"source.diff" in entries):
            self.complain(where, "it is deleted, but its files are in its directory")
        if "pruned" not in overlay and present != ("40000", artifacts):
            self.complain(where, f"its artifacts are {present}, not {artifacts}")
        if self.git.read(artifacts)[0] is None:
            self.complain(where, "its artifacts are not in the repository")
            return
        self.check_files(artifacts, manifest["files"], where)
        self.check_counts(manifest, where)

    def document(self, entries, name, schema, where):
        mode, oid = entries[name]
        data = self.git.blob(oid)
        value = json.loads(data)
        if mode != "100644" or value.get("schema") != schema:
            self.complain(where, f"{name.decode()} has mode {mode} and schema {value.get('schema')}")
        if canonical(value) != data:
            self.complain(where, f"{name.decode()} is not canonical")
        for path, found in leaves(value):
            if found is None:
                self.complain(where, f"{name.decode()}: {path} is null")
            if path.endswith("_at") or path == "pruned.at":
                if not TIME.fullmatch(found):
                    self.complain(where, f"{name.decode()}: {path} is no time: {found}")
        return value

    @staticmethod
    def row(manifest, overlay, tree):
        scores, counts = manifest["scores"], manifest["counts"]
        status = "pruned" if "pruned" in overlay else "partial" if manifest.get("partial") else "complete"
        row = {
            "run_id": manifest["run_id"],
            "timestamp": manifest.get("started_at"),
            "experiment": manifest.get("experiment"),
            "target": manifest.get("target"),
            "test_count": counts["test_count"],
            "passed": counts["passed"],
            "pass_rate": scores.get("pass_rate"),
            "avg_score": scores.get("avg_score"),
            "tags": overlay.get("tags", manifest.get("tags", [])),
            "sha": manifest["source"].get("commit"),
            "id": manifest["id"],
            "tree": tree,
            "errors": counts["errors"],
            "duration_ms": manifest.get("duration_ms"),
            "cost_usd": manifest.get("cost_usd"),
            "tokens": manifest.get("tokens", {}).get("total"),
            "format": manifest["format"],
            "status": status,
        }
        return {key: value for key, value in row.items() if value is not None}

    def check_counts(self, manifest, where):
        counts, rate = manifest["counts"], manifest["scores"].get("pass_rate")
        if manifest["format"] == "generic":
            return
        if counts["test_count"] != counts["passed"] + counts["failed"] + counts["errors"]:
            self.complain(where, f"its counts do not add up: {counts}")
        judged = counts["test_count"] - counts["errors"]
        if rate != (counts["passed"] / judged if judged else None):
            self.complain(where, f"its pass rate does not follow from its counts: {rate}")

    def check_files(self, artifacts, files, where):
        split, found = files.get("split", []), []
        for path, mode, oid in self.walk(artifacts, set(map(str.encode, split))):
            if not all(map(valid_name, path.split(b"/"))):
                self.complain(where, f"a name that must not be stored: {path}")
            if mode == "parts":
                found.append(self.check_parts(oid, path, where))
            elif mode in ("100644", "100755"):
                found.append(len(self.git.blob(oid)))
            else:
                self.complain(where, f"{path} has the mode {mode}")
        if len(found) != files["count"]:
            self.complain(where, f"it has {len(found)} files, not {files['count']}")
        if sum(found) != files.get("bytes", sum(found)):
            self.complain(where, f"its files have {sum(found)} bytes, not {files['bytes']}")

    def walk(self, tree, split, prefix=b""):
        for name, (mode, oid) in self.git.tree(tree).items():
            path = prefix + name
            if mode == "40000" and path in split:
                yield path, "parts", oid
            elif mode == "40000":
                yield from self.walk(oid, split, path + b"/")
            else:
                yield path, mode, oid

    def check_parts(self, tree, path, where):
        where = f"{where}: {path.decode()}"
        entries = self.git.tree(tree)
        parts = self.document(entries, b"parts.json", "agentv.parts.v1", where)
        names = sorted((name for name in entries if name != b"parts.json"), key=int)
        if names != [b"%04d" % n for n in range(len(names))]:
            self.complain(where, f"its parts are called {names[:5]} …")
        blobs = [self.git.blob(entries[name][1]) for name in names]
        if any(entries[name][0] != "100644" for name in names) or len(set(map(len, blobs[:-1]))) > 1:
            self.complain(where, "its parts have other modes or sizes than they should")
        whole = b"".join(blobs)
        if (len(whole), hashlib.sha256(whole).hexdigest()) != (parts["size"], parts["sha256"]):
            self.complain(where, "its parts do not make up the file")
        return len(whole)


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def run_id(manifest, artifacts):
    """Section 3."""
    digest = hashlib.sha256()
    for part in ("agentv.run.id.v1", manifest["run_id"], manifest.get("started_at", ""), artifacts):
        digest.update(struct.pack(">Q", len(part.encode())) + part.encode())
    return digest.hexdigest()[:16]


def valid_name(name):
    """Section 7."""
    if name in (b"", b".", b"..") or any(byte < 0x20 or byte == 0x7F for byte in name):
        return False
    seen = name.decode("utf-8", "replace").translate(HFS_IGNORES).lower()
    return seen != ".git" and re.split(r"[:\\]", seen)[0].rstrip(". ") not in (".git", "git~1")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("repository")
    parser.add_argument("--ref", default=RUNS_REF)
    args = parser.parse_args()
    reader = Reader(args.repository, args.ref)
    try:
        listed = reader.runs()
    except ValueError as err:
        sys.exit(f"format_reader: {err}")
    for row, _ in listed:
        reader.check(row)
    runs = [{**row, "recorded_at": time(date)} for row, date in listed]
    json.dump({"version": 1, "runs": runs}, sys.stdout, indent=2, ensure_ascii=False)
    print()
    for problem in reader.problems:
        print(f"format_reader: {problem}", file=sys.stderr)
    sys.exit(1 if reader.problems else 0)


if __name__ == "__main__":
    main()
