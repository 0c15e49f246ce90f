"""What a bundle says about its run: sections 11 and 12 of docs/format.md.

Part of format_reader.py, and like it written from the specification alone.
"""

import json
import re
from datetime import datetime, timezone

INDEXES = {
    ".internal/index.jsonl": "agentv/internal",
    "index.jsonl": "agentv/summary",
    "run_manifest.jsonl": "agentv/manifest",
}
VERDICTS = {
    "ok": "pass", "quality_failure": "fail", "execution_error": "error", "skipped": "skip", "skip": "skip",
    "timeout": "timeout", "cancelled": "cancelled", "canceled": "cancelled",
}


def text(value):
    return value if isinstance(value, str) and value else None


def number(value):
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def get(value, *keys):
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def first(values):
    return next((value for value in values if value), None)


def moment(value):
    """Milliseconds since 1970, cut."""
    form = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)"
    found = re.fullmatch(form, value) if isinstance(value, str) else None
    if not found:
        return None
    whole, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(whole + zone.replace("Z", "+00:00"))
    except ValueError:
        return None
    since = at - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86400 + since.seconds) * 1000 + int(((fraction or "") + "000")[:3])


def stamp(name):
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3})Z", name or "")
    return moment("{}:{}:{}.{}Z".format(*found.groups())) if found else None


def written(milliseconds):
    at = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + f".{milliseconds % 1000:03d}Z"


def tag_list(value):
    if isinstance(value, list):
        return [tag for tag in value if text(tag)]
    if not isinstance(value, dict):
        return []
    plain = {key: v if isinstance(v, str) else json.dumps(v) for key, v in value.items()
             if isinstance(v, (str, int, float))}
    return [f"{key}={plain[key]}" for key in sorted(plain)]


def snake_case(line):
    new = {key: value for key, value in line.items() if key == key.lower()}
    for key, value in line.items():
        new.setdefault(re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), key), value)
    return new


def verdict(line):
    status = line.get("execution_status")
    if isinstance(status, str) and status in VERDICTS:
        return VERDICTS[status]
    score = number(line.get("score"))
    if line.get("error") is not None or score is None:
        return "error"
    return "pass" if score >= 0.8 else "fail"


def grader_scores(line):
    if isinstance(line.get("named_scores"), dict):
        pairs = line["named_scores"].items()
    else:
        graders = line.get("scores") if isinstance(line.get("scores"), list) else []
        pairs = [(text(get(grader, "name")), get(grader, "score")) for grader in graders]
    return {name: number(score) for name, score in pairs if name is not None and number(score) is not None}


def tokens(line):
    counts = [get(line, "token_usage", key) for key in ("input", "output", "reasoning")]
    counts = [count if isinstance(count, int) else 0 for count in counts]
    return (counts[0], counts[1], sum(counts)) if sum(counts) else None


def total(values):
    values = sorted(value for value in values if value is not None)
    result = 0.0
    for value in values:  # from 3.12 on sum() corrects its rounding
        result += value
    return result if values else None


def mean(values):
    values = [value for value in values if value is not None]
    return total(values) / len(values) if values else None


def parsed(data):
    try:
        return json.loads(data)
    except ValueError:
        return None


def derive(read, paths):
    """The keys of the manifest that follow from the files of a bundle. `read` gives a file's content."""
    name = first(path for path in ("summary.json", "benchmark.json") if path in paths)
    summary = parsed(read(name)) if name else {}
    named = [get(summary, key) for key in ("index_path", "manifest_path")]
    named = [path.removeprefix("./") for path in named if isinstance(path, str)][:1]
    index = first(path for path in [*named, *INDEXES] if path in paths)
    lines = [parsed(line) for line in (read(index) if index else b"").split(b"\n") if line.strip()]
    lines = [snake_case(line) for line in lines if isinstance(line, dict)]
    lines = [line for line in lines if text(line.get("test_id")) or text(line.get("eval_id"))]
    cases = {}
    for line in lines:
        dimensions = get(line, "projection_identity", "dimensions")
        path = text(get(dimensions, "eval_path")) or text(line.get("eval_path"))
        key = text(line.get("test_id")) or text(line.get("eval_id"))
        cases[(path, key, *(text(line.get(part)) for part in ("suite", "target", "variant")))] = line
    about = get(summary, "metadata") or {}
    run_id = first([text(get(summary, "run_id")), text(about.get("run_id")),
                    *(text(get(line, "projection_identity", "dimensions", "run_id")) for line in lines)])
    tags = tag_list(about.get("tags")) or first(tag_list(line.get("tags")) for line in lines) or []
    in_tags = (tag.removeprefix("experiment=") for tag in tags if tag.startswith("experiment="))
    experiment = first([text(about.get("experiment")), *(text(line.get("experiment")) for line in lines),
                        *in_tags, "default"])
    tags = [tag for tag in tags if tag != f"experiment={experiment}"]
    if "tags.json" in paths:
        own = parsed(read("tags.json"))
        tags += tag_list(own.get("tags", own) if isinstance(own, dict) else own)
    targets = [target for target in about.get("targets") or [] if text(target)]
    targets = targets or list(dict.fromkeys(text(line["target"]) for line in lines if text(line.get("target"))))
    begins = [moment(line.get("timestamp")) for line in lines]
    ends = [at for at in [*begins, *(moment(line.get("end_time")) for line in lines)] if at is not None]
    started = stamp(run_id)
    if started is None:
        started = moment(about.get("timestamp"))
    if started is None:
        started = min((at for at in begins if at is not None), default=None)
    variant = "agentv/benchmark" if "benchmark.json" in paths else \
        INDEXES.get(index, "agentv/internal") if index else "agentv/summary"
    return {"run_id": run_id, "started": started, "finished": max(ends, default=None), "experiment": experiment,
            "targets": targets, "tags": list(dict.fromkeys(tags)), "format": variant,
            **sums(list(cases.values()))}


def sums(cases):
    verdicts = [verdict(case) for case in cases]
    judged = [case for case, how in zip(cases, verdicts) if how in ("pass", "fail")]
    counts = {"passed": verdicts.count("pass"), "failed": verdicts.count("fail"),
              "errors": sum(verdicts.count(how) for how in ("error", "timeout", "cancelled"))}
    counts["test_count"] = sum(counts.values())
    if verdicts.count("skip"):
        counts["skipped"] = verdicts.count("skip")
    names = {name for case in judged for name in grader_scores(case)}
    used = [tokens(case) for case in cases if tokens(case)]
    used = [sum(column) for column in zip(*used)]
    scores = {
        "pass_rate": counts["passed"] / len(judged) if judged else None,
        "avg_score": mean(number(case.get("score")) for case in judged),
        "named": {name: mean(grader_scores(case).get(name) for case in judged) for name in names} or None,
    }
    duration = total(number(case.get("duration_ms")) for case in cases)
    return {
        "counts": counts,
        "scores": {key: value for key, value in scores.items() if value is not None},
        "tokens": dict(zip(("input", "output", "total"), used)) or None,
        "cost_usd": total(number(case.get("cost_usd")) for case in cases),
        "duration": None if duration is None else int(max(duration, 0) + 0.5),
    }


def differences(manifest, read, paths):
    """What the manifest says otherwise than its files. Names, tags and times may also have been given by hand."""
    found = derive(read, paths)
    started, finished = moment(manifest.get("started_at")), found["finished"]
    if finished is not None and started is not None and finished < started:
        finished = None
    expected = {key: found[key] for key in ("format", "experiment", "counts", "scores", "tokens", "cost_usd")}
    expected["target"] = ", ".join(found["targets"]) or None
    expected["targets"] = found["targets"] if len(found["targets"]) > 1 else None
    expected["finished_at"] = None if finished is None else written(finished)
    wall = finished - started if None not in (started, finished) else 0
    expected["duration_ms"] = wall if wall > 0 else found["duration"]
    # A bundle without a name of its own has that of its directory, which may also say when it began.
    expected["run_id"] = found["run_id"] or manifest["run_id"]
    if stamp(found["run_id"]) is not None:
        expected["started_at"] = written(found["started"])
    for key, value in expected.items():
        if manifest.get(key) != value:
            yield f"{key} is {manifest.get(key)}, its files say {value}"
    if manifest.get("tags", [])[:len(found["tags"])] != found["tags"]:
        yield f"tags are {manifest.get('tags')}, its files say {found['tags']}"
