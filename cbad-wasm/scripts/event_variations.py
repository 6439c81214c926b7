#!/usr/bin/env python3
"""Score `cbad` on the labelled event streams in other orders and in part: how much of the figures hangs on the order they come in.

  CBAD_BENCH_DATA=/path/to/data python3 cbad-wasm/scripts/event_variations.py [--cbad target/release/cbad] [--only NAME …]

The folder holds run.py with its stream_eval.py, streams.json and data/NAME.jsonl.gz (docs/BENCHMARKS.md). Each stream is scored as
run.py scores it: as given, in reverse, shuffled (three seeds), its first and its second half. Printed is the average precision
(AUPRC) of each and their range. Standard library only.
"""
import argparse, json, os, random, subprocess, sys, tempfile


def variations(events):
    half = len(events) // 2
    yield "given", events
    yield "reversed", events[::-1]
    for seed in (1, 2, 3):
        shuffled = events[:]
        random.Random(seed).shuffle(shuffled)
        yield "shuffled %d" % seed, shuffled
    yield "first half", events[:half]
    yield "second half", events[half:]


def verdicts(cbad, name, spec, events):
    """Scores and alarms of events in order, and group verdicts."""
    with tempfile.TemporaryFile() as source:
        for e in events:
            o = {"stream": name, "event_type": spec["kind"], "data": json.loads(e["line"]) if spec["json"] else e["line"]}
            if spec["groups"] and e.get("sid"):
                o["group"] = e["sid"]
            source.write(json.dumps(o, separators=(",", ":")).encode() + b"\n")
        source.seek(0)
        warmup = str(int(len(events) * spec["warmup"]) / len(events))
        command = [cbad, "score", "--format", "events", "--warmup", warmup]
        out = subprocess.run(command, stdin=source, stdout=subprocess.PIPE, check=True).stdout
    scores, groups = [], {}
    for line in out.splitlines():
        o = json.loads(line)
        if "index" in o:
            scores.append(o["score"])
        else:
            groups[o["group"]] = o["score"]
    return scores, groups


def auprc(evaluate, cbad, name, spec, events):
    scores, groups = verdicts(cbad, name, spec, events)
    warm = int(len(events) * spec["warmup"])
    if not spec["groups"]:
        return evaluate.sweep(scores[warm:], [e["label"] for e in events[warm:]])[0]
    rows = {}  # of each group seen after the warm-up its highest event score or its verdict's
    for e, score in list(zip(events, scores))[warm:]:
        if e.get("sid"):
            row = rows.setdefault(e["sid"], [0, float("-inf")])
            row[:] = [row[0] | e["label"], max(row[1], score)]
    for key, score in groups.items():
        if key in rows:
            rows[key][1] = max(rows[key][1], score)
    labels, scores = zip(*rows.values())
    return evaluate.sweep(list(scores), list(labels))[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cbad", default="target/release/cbad")
    parser.add_argument("--data", default=os.environ.get("CBAD_BENCH_DATA"))
    parser.add_argument("--only", nargs="*")
    a = parser.parse_args()
    if not a.data:
        parser.error("no data: set CBAD_BENCH_DATA")
    sys.path.insert(0, a.data)
    import stream_eval

    streams = json.load(open(os.path.join(a.data, "streams.json")))["streams"]
    for name, spec in streams.items():
        if a.only and name not in a.only:
            continue
        with stream_eval.op(os.path.join(a.data, "data", name + ".jsonl.gz")) as lines:
            events = [json.loads(line) for line in lines if line.strip()]
        seen = []
        for what, varied in variations(events):
            if not any(e["label"] for e in varied[int(len(varied) * spec["warmup"]):]):
                continue  # nothing to find
            seen.append((what, auprc(stream_eval, a.cbad, name, spec, varied)))
        told = ", ".join("%s %.3f" % one for one in seen)
        print("%s: %.2f to %.2f (%s)" % (name, min(x for _, x in seen), max(x for _, x in seen), told), flush=True)


if __name__ == "__main__":
    main()
