#!/usr/bin/env python3
"""How full a teacher was kept, from the request log of fd-simulator.

usage: rate_of_log.py LOG --in-flight N --mean-ms M [--wall-s W] [--json]

Prints the arrival rate over the middle 80 % of the log's requests, as a share of the ideal rate:
N calls in flight over a mean latency of M ms. With --wall-s also the whole job: the time that so
many requests would take at the ideal rate, over the wall time. Retries and faults count as what
they are: requests. With --mean-ms 0 the mean of the log itself is taken (reply_us - t_us).
"""
import argparse
import json
import sys


def read_log(path):
    """Returns arrival times in us, sorted, and the mean service time in ms.

    The mean is None when nothing was answered.
    """
    arrivals, total, answered = [], 0, 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                arrivals.append(int(entry["t_us"]))
                if entry.get("reply_us") is not None:
                    total += entry["reply_us"] - entry["t_us"]
                    answered += 1
            except (ValueError, KeyError, TypeError) as error:
                sys.exit(f"{path}:{number}: not a line of a request log: {error!r}")
    arrivals.sort()
    return arrivals, (total / answered / 1000 if answered else None)


def middle_rate(arrivals):
    """Returns requests a second over the middle 80 % of the requests.

    Between the arrivals number low and high there are high - low intervals, so that no request
    is counted at both edges.
    """
    low, high = len(arrivals) // 10, len(arrivals) - 1 - len(arrivals) // 10
    span_us = arrivals[high] - arrivals[low] if high > low else 0
    if span_us <= 0:
        sys.exit("the log is too short to tell a rate")
    return (high - low) * 1e6 / span_us


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log")
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--mean-ms", type=float, required=True)
    parser.add_argument("--wall-s", type=float)
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    options = parser.parse_args()
    arrivals, mean_of_log = read_log(options.log)
    mean_ms = options.mean_ms or mean_of_log
    if not mean_ms or options.in_flight < 1:
        parser.error("--in-flight and the mean latency must be positive")
    ideal = options.in_flight * 1000 / mean_ms
    rate = middle_rate(arrivals)
    result = {"requests": len(arrivals), "mean_ms_of_log": round(mean_of_log or 0, 3),
              "ideal_per_s": round(ideal, 1), "middle_per_s": round(rate, 1),
              "middle_share": round(rate / ideal, 4)}
    if options.wall_s:
        result["job_share"] = round(len(arrivals) / ideal / options.wall_s, 4)
    if options.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
