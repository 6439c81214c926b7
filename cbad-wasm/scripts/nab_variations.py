#!/usr/bin/env python3
"""Score `cbad` on the Numenta Anomaly Benchmark and on variations of it that keep its labels true, and on series set aside.

  CBAD_BENCH_DATA=/path/to/data python3 nab_variations.py [--cbad target/release/cbad] [--only NAME …] [--json OUT]

The folder holds nab/nab_data.csv.gz (file,timestamp,value), nab/combined_windows.json and, for --set-aside, data/kpi_donut.csv.gz and
data/ucr_few.csv.gz. Standard library only.

Variations: reversed in time; averages of pairs and of threes; starting 12 % and 30 % late; negated; logarithms; without
timestamps. Each is scored as NAB does (Lavin & Ahmad 2015): 15 % probation, at most 750 points; the threshold optimised over
the files present; profiles standard, low-FP and low-FN.
"""
import argparse, calendar, csv, gzip, io, json, math, os, subprocess, sys, tempfile
from datetime import datetime, timezone

PROFILES = {"standard": (0.11, 1.0), "low-FP": (0.22, 1.0), "low-FN": (0.11, 2.0)}  # weight of a false alarm, of a miss


def sigmoid(y):
    return -1.0 if y > 3.0 else 2.0 / (1.0 + math.exp(5.0 * y)) - 1.0


def parse_time(text):
    text = text.strip().split(".")[0]
    return calendar.timegm(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").timetuple())


def load(folder):
    """{file: (seconds, values, windows as index pairs)}"""
    series = {}
    with gzip.open(os.path.join(folder, "nab", "nab_data.csv.gz"), "rt", newline="") as f:
        for row in csv.DictReader(f):
            s = series.setdefault(row["file"], ([], []))
            s[0].append(parse_time(row["timestamp"]))
            s[1].append(float(row["value"]))
    windows = json.load(open(os.path.join(folder, "nab", "combined_windows.json")))
    out = {}
    for name in sorted(windows):
        at, values = series[name]
        index = {}
        for i, t in enumerate(at):
            index.setdefault(t, i)
        out[name] = (at, values, sorted((index[parse_time(a)], index[parse_time(b)]) for a, b in windows[name]))
    return out


def original(at, values, windows):
    return at, values, windows


def backwards(at, values, windows):
    n = len(at)
    return [at[0] + at[-1] - t for t in reversed(at)], values[::-1], sorted((n - 1 - b, n - 1 - a) for a, b in windows)


def averaged(k):
    def f(at, values, windows):
        n = len(values) // k
        means = [sum(values[k * i:k * i + k]) / k for i in range(n)]
        return [at[k * i + k - 1] for i in range(n)], means, [(a // k, min(n - 1, b // k)) for a, b in windows]
    return f


def late(share):
    def f(at, values, windows):
        s = int(len(at) * share)
        while any(a <= s <= b for a, b in windows):
            s += 1
        return at[s:], values[s:], [(a - s, b - s) for a, b in windows if a >= s]
    return f


def negated(at, values, windows):
    return at, [-x for x in values], windows


def logarithms(at, values, windows):
    scale = sorted(abs(x) for x in values[:200])[100] or 1.0
    return at, [math.copysign(math.log1p(abs(x) / scale), x) for x in values], windows


VARIATIONS = {"original": original, "reversed": backwards, "pairs": averaged(2), "late12": late(0.12), "negated": negated,
              "thirds": averaged(3), "late30": late(0.30), "logarithms": logarithms, "untimed": original}


def run(cbad, events, *options):
    with tempfile.TemporaryFile() as source:
        for e in events:
            source.write(json.dumps(e, separators=(",", ":")).encode() + b"\n")
        source.seek(0)
        done = subprocess.run([cbad, "score", "--format", "events", "--seed", "1", *options], stdin=source, stdout=subprocess.PIPE, check=True)
    out = [v for v in map(json.loads, done.stdout.splitlines()) if "index" in v]
    if len(out) != len(events):
        sys.exit("%d verdicts for %d events" % (len(out), len(events)))
    return out


def event(stream, seconds, value):
    e = {"stream": stream, "event_type": "metric", "data": {"value": value}}
    if seconds is not None:
        e["timestamp"] = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return e


def weigh(n, windows):
    """For each point: its window, None outside, or 'probation'; and what an alarm there is worth."""
    probation = min(int(0.15 * n), 750)
    windows = [w for w in windows if w[1] >= probation + 5]
    out, k, before = [], 0, None
    for i in range(n):
        if k < len(windows) and i > windows[k][1]:
            before, k = windows[k], k + 1
        if k < len(windows) and windows[k][0] <= i <= windows[k][1]:
            left, right = windows[k]
            where, worth = k, sigmoid(-(right - i + 1) / (right - left + 1)) / sigmoid(-1.0)
        else:
            where, worth = None, -1.0 if before is None else sigmoid((i - before[1]) / max(1, before[1] - before[0]))
        out.append(("probation" if i < probation else where, worth))
    return out, len(windows)


def evaluate(series, scores):
    points, count = [], 0
    for name, (at, values, windows) in series.items():
        weights, k = weigh(len(at), windows)
        count += k
        points += [(s, (name, w) if w is not None else None, v) for s, (w, v) in zip(scores[name], weights) if w != "probation"]
    points.sort(key=lambda p: -p[0])
    out = {}
    for profile, (fp, fn) in PROFILES.items():
        total = best = -fn * count
        found, i = {}, 0
        while i < len(points):
            threshold = points[i][0]
            while i < len(points) and points[i][0] == threshold:
                _, window, worth = points[i]
                if window is None:
                    total += fp * worth
                elif worth > found.get(window, -fn):
                    total += worth - found.get(window, -fn)
                    found[window] = worth
                i += 1
            best = max(best, total)
        out[profile] = 100.0 * (best + fn * count) / (count * (1.0 + fn))
    return out


def variation(cbad, name, data):
    series = {f: VARIATIONS[name](*s) for f, s in data.items()}
    events = [event(f, None if name == "untimed" else t, x) for f, (at, values, _) in series.items() for t, x in zip(at, values)]
    verdicts = iter(run(cbad, events, "--warmup", "0.15"))
    scores = {f: [next(verdicts)["score"] for _ in s[0]] for f, s in series.items()}
    return evaluate(series, scores)


def set_aside(cbad, folder, name, slack, sensitivity):
    """Per series: labelled stretches, those with an alarm in or at most `slack` points after them, false incidents per 10,000 points, and
    whether the highest score lies in a stretch (give or take `slack`)."""
    series = {}
    with gzip.open(os.path.join(folder, "data", name + ".csv.gz"), "rt", newline="") as f:
        for row in csv.DictReader(f):
            at = int(row["timestamp"]) if "timestamp" in row else None
            series.setdefault(row["file"], []).append((at, float(row["value"]), int(row["label"])))
    rows = []
    for f, points in series.items():
        verdicts = run(cbad, [event(f, at, x) for at, x, _ in points], "--sensitivity", str(sensitivity))
        stretches, open_ = [], None
        for i, (_, _, label) in enumerate(points + [(None, 0.0, 0)]):
            if label and open_ is None:
                open_ = i
            elif not label and open_ is not None:
                stretches.append((open_, i - 1))
                open_ = None
        inside = lambda i: any(a - slack <= i <= b + slack for a, b in stretches)
        alarms = [i for i, v in enumerate(verdicts) if v["anomaly"]]
        incidents = [i for i in alarms if "repeat_of" not in verdicts[i]]
        found = sum(any(a <= i <= b + slack for i in alarms) for a, b in stretches)
        top = max(range(len(points)), key=lambda i: verdicts[i]["score"])
        rows.append((f, len(points), len(stretches), found, 1e4 * sum(not inside(i) for i in incidents) / len(points), inside(top)))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cbad", default="target/release/cbad")
    parser.add_argument("--only", nargs="*", choices=list(VARIATIONS))
    parser.add_argument("--set-aside", action="store_true")
    parser.add_argument("--sensitivity", type=float, default=0.3125, help="of the series set aside; the default promises 1 in 1,000")
    parser.add_argument("--json")
    a = parser.parse_args()
    folder = os.environ.get("CBAD_BENCH_DATA") or sys.exit("CBAD_BENCH_DATA must name the data folder")
    out = {}
    if not a.set_aside or a.only:
        data = load(folder)
        for name in a.only or VARIATIONS:
            out[name] = variation(a.cbad, name, data)
            print("%-12s " % name + "   ".join("%s %6.2f" % p for p in out[name].items()), flush=True)
        others = [r["standard"] for n, r in out.items() if n != "original"]
        if len(others) == len(VARIATIONS) - 1:
            print("mean of the %d variations, standard: %.2f" % (len(others), sum(others) / len(others)))
    if a.set_aside:
        for name, slack in (("kpi_donut", 10), ("ucr_few", 100)):
            for row in set_aside(a.cbad, folder, name, slack, a.sensitivity):
                print("%s: %d points, %d stretches, %d found, %.1f false incidents per 10,000, top score inside: %s" % row)
                out[row[0]] = row[1:]
    if a.json:
        with io.open(a.json, "w") as f:
            json.dump(out, f, indent=1)


if __name__ == "__main__":
    main()
