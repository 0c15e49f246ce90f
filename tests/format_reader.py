#!/usr/bin/env python3
"""Reads and verifies the runs of a repository, as docs/format.md specifies them.

usage: format_reader.py [--ref REF] [--derive] REPOSITORY

A second implementation, written from the specification and not from the
source of git-agentv, with nothing but Python 3.9 and git. It
prints the list of all runs as `git agentv list -n 0 --deleted --format json`
does, and on standard error what is not as specified. Exit code 1 if anything
is not. With --derive it also reads the bundles and says where a manifest has
something else, as it may where values were given by hand.
"""

import argparse
import hashlib
import json
import re
import struct
import sys
from datetime import datetime, timezone

sys.dont_write_bytecode = True  # the modules beside this one are no part of an installation

from format_basics import Git, canonical, encode
from format_numbers import differences

RUNS_REF = "refs/agentv/runs/v1"
ROW_KEYS = """run_id timestamp experiment target test_count passed pass_rate avg_score tags sha
    id tree errors duration_ms cost_usd tokens format status source_tree patch_id links""".split()
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HFS_IGNORES = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


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
    def __init__(self, repository, ref, derive):
        self.git, self.ref, self.derive = Git(repository), ref, derive
        self.problems = []
        # Runs whose record says that they are deleted.
        self.compacted = set()

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
                    if row["status"] in ("pruned", "stripped"):
                        self.compacted.add(row["id"])
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
        """Section 2: each run is in its place in the tip's tree or in a list, and nothing else is there."""
        root = self.git.tree(Commit(tip, self.git.read(tip)[1]).tree)
        there = {}
        for shard, (mode, oid) in root.items():
            if mode == "40000" and re.fullmatch(rb"[0-9a-f]{2}", shard):
                there |= {(shard + name).decode(): tree for name, (_, tree) in self.git.tree(oid).items()}
        there = self.sealed(root) | there
        expected = {row["id"]: row["tree"] for row, _ in listed}
        for run in sorted(expected.keys() | there.keys()):
            if expected.get(run) != there.get(run):
                self.complain(f"run {run}", f"the list says {expected.get(run)}, the tip's tree {there.get(run)}")
        if b"index" in root:
            self.check_index(self.git.tree(root[b"index"][1]), [row for row, _ in listed])

    def check_index(self, files, rows):
        """Section 14: the files together are every row of the log once."""
        names = sorted((name for name in files if re.fullmatch(rb"runs-\d{4,}\.jsonl", name)), key=lambda name: int(name[5:-6]))
        if not names and b"runs.jsonl" not in files:
            return
        found = []
        for number, name in enumerate([*names, b"runs.jsonl"], 1):
            mode, oid = files.get(name, (None, None))
            lines = self.git.blob(oid).decode().split("\n") if oid else []
            where = f"index/{name.decode()}"
            expected = b"runs.jsonl" if number > len(names) else b"runs-%04d.jsonl" % number
            if mode != "100644" or lines.pop() != "" or name != expected:
                self.complain(where, "it is not written as specified")
            if len(lines) > 1000 or (number <= len(names) and len(lines) != 1000):
                self.complain(where, f"it has {len(lines)} rows")
            found += lines
        if sorted(found) != sorted(encode(row, sort=False) for row in rows):
            self.complain("index", "it is not what the log says")

    def sealed(self, root):
        """Section 2: the runs that left the tree."""
        if b"sealed" not in root:
            return {}
        lists = self.git.tree(root[b"sealed"][1])
        short = self.git.tree(lists.pop(b"new")[1]) if b"new" in lists else {}
        return self.lines("sealed", lists) | self.lines("sealed/new", short)

    def lines(self, directory, lists):
        runs = {}
        for shard, (mode, oid) in lists.items():
            where = f"{directory}/{shard.decode()}"
            data = self.git.read(oid)[1]
            lines = data.split(b"\n")
            if mode != "100644" or lines.pop() != b"" or lines != sorted(lines):
                self.complain(where, "it is not written as specified")
            for line in lines:
                rest, tree = line.decode().split(" ")
                runs[shard.decode() + rest] = tree
        return runs

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
            links = [link["commit"] for link in overlay.get("links", [])]
            if len(set(links)) != len(links) or not all(len(link) == len(row["tree"]) for link in links):
                self.complain(where, f"the links of overlay.json are {links}")
            if not all(TIME.fullmatch(link["at"]) for link in overlay.get("links", [])):
                self.complain(where, "a link of overlay.json has no time")
        marked = b"compacted" in entries
        expected = self.row(manifest, overlay, row["tree"], marked)
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
        if marked and (present or b"source.diff" in entries or "pruned" in overlay):
            self.complain(where, "it is marked as compacted, and should not be")
        if "pruned" not in overlay and not marked and present != ("40000", artifacts):
            self.complain(where, f"its artifacts are {present}, not {artifacts}")
        if row["id"] in self.compacted:
            return
        if self.git.read(artifacts)[0] is None:
            self.complain(where, "its artifacts are not in the repository")
            return
        files = self.check_files(artifacts, manifest["files"], where)
        if self.derive and manifest["format"] != "generic":
            for difference in differences(manifest, lambda path: self.git.blob(files[path]), files):
                self.complain(where, difference)

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
    def row(manifest, overlay, tree, marked):
        scores, counts = manifest["scores"], manifest["counts"]
        status = "partial" if manifest.get("partial") else "complete"
        if marked or "pruned" in overlay:
            status = "stripped" if overlay.get("pruned", {}).get("listed") else "pruned"
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
            "source_tree": manifest["source"].get("tree"),
            "patch_id": manifest["source"].get("patch_id"),
            "links": [link["commit"] for link in overlay.get("links", [])] or None,
        }
        return {key: value for key, value in row.items() if value is not None}

    def check_files(self, artifacts, files, where):
        split, found, blobs = files.get("split", []), [], {}
        for path, mode, oid in self.walk(artifacts, set(map(str.encode, split))):
            if not all(map(valid_name, path.split(b"/"))):
                self.complain(where, f"a name that must not be stored: {path}")
            if mode == "parts":
                found.append(self.check_parts(oid, path, where))
            elif mode in ("100644", "100755"):
                found.append(len(self.git.blob(oid)))
                blobs[path.decode("utf-8", "replace")] = oid
            else:
                self.complain(where, f"{path} has the mode {mode}")
        if len(found) != files["count"]:
            self.complain(where, f"it has {len(found)} files, not {files['count']}")
        if sum(found) != files.get("bytes", sum(found)):
            self.complain(where, f"its files have {sum(found)} bytes, not {files['bytes']}")
        return blobs

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
    parser.add_argument("--derive", action="store_true")
    args = parser.parse_args()
    reader = Reader(args.repository, args.ref, args.derive)
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
