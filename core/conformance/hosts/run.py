#!/usr/bin/env python3
"""Runs the table of situations against hosts, prints rows x hosts, and judges every cell.

    run.py [--hosts NAME,...] [--rows ID,...] [--quick] [--again] [--jobs N]
    run.py --mutate N [--seed SEED] [--hosts NAME,...] [--jobs N]

Needs Python 3.11 and nothing else; a host needs what it is made with.  Exit status: 0 every cell is as
due or explained in explanations.txt, 1 some cell is not, 2 the run itself broke.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import multiprocessing
import resource
import signal
import sys
import time
import traceback

import table
from calibrate import Pace
from cell import Cell, Outcome
from columns import HOSTS, QUICK, certificate, remove_certificate
from rows import ROWS

BY_NAME = {host.name: host for host in HOSTS}
pace = Pace()


def run_cell(host_name, row_id, mutations, patience=1):
    began = time.monotonic()
    host, row = BY_NAME[host_name], ROWS[row_id]
    why = host.why_not(row)
    if why is not None:
        return Outcome(row.id, host.name, "none", [why])
    try:
        outcome = Cell(host, row, pace.with_patience(patience), mutations).run()
    except Exception:  # the driver's own fault, which must not end the others
        outcome = Outcome(
            row.id,
            host.name,
            "fail",
            ["the driver broke: " + " | ".join(traceback.format_exc().splitlines()[-5:])],
        )
    outcome.seconds = time.monotonic() - began
    return outcome


def named(which, names, kind):
    """Those of the names that a list of patterns selects."""
    chosen = []
    for pattern in which.split(","):
        found = [name for name in names if fnmatch.fnmatch(name, pattern)]
        if not found:
            raise SystemExit(f"no {kind} {pattern}: there are {' '.join(names)}")
        chosen += found
    return [name for name in names if name in chosen]


def choose(args):
    rows = named(args.rows, list(ROWS), "row") if args.rows else list(ROWS)
    rows = [ROWS[id] for id in rows if args.rows or not args.quick or ROWS[id].quick]
    rows = [row for row in rows if row.on_request == bool(args.mutate)]
    names = named(args.hosts, list(BY_NAME), "host") if args.hosts else BY_NAME
    hosts = [BY_NAME[name] for name in names]
    if args.quick and not args.hosts:
        hosts = [host for host in hosts if host.name in QUICK]
    return rows, hosts


def run_all(cells, args, reasons, jobs, patience=1):
    """The outcomes of cells, judged; those that are not as due are told as they come."""
    context = multiprocessing.get_context("fork")
    pool = concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context)
    extra = (args.mutate, args.seed), patience
    futures = {pool.submit(run_cell, host.name, row.id, *extra): (host, row) for host, row in cells}
    outcomes = []
    try:
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            host, row = futures[future]
            try:
                outcome = future.result()
            except Exception as error:
                outcome = Outcome(row.id, host.name, "fail", [f"the driver broke: {error!r}"])
            table.judge([outcome], reasons)
            outcomes.append(outcome)
            tell_progress(outcome, f"{done} of {len(cells)} cells", done % 100 == 0, args.verbose)
    except BaseException:
        # Given up: what runs is not waited for. Hosts end with the process that started them.
        for process in list(pool._processes.values()):
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return outcomes


def run_again(outcomes, args, reasons):
    """Runs what was not as due once more, one cell at a time and with bounds twice as long."""
    red = [outcome for outcome in outcomes if outcome.status == "fail"]
    if not red:
        return outcomes
    print(f"{len(red)} cells again, one at a time, with bounds twice as long", flush=True)
    cells = [(BY_NAME[outcome.host], ROWS[outcome.row]) for outcome in red]
    seconds = {
        (outcome.row, outcome.host): outcome
        for outcome in run_all(cells, args, reasons, jobs=1, patience=2)
    }
    for outcome in red:
        second = seconds[outcome.row, outcome.host]
        second.at_first = outcome.notes
        if second.status == "ok":
            print(f"{outcome.row} {outcome.host}: ok the second time", flush=True)
    return [seconds.get((outcome.row, outcome.host), outcome) for outcome in outcomes]


def tell_progress(outcome, progress, is_due, verbose):
    if not verbose:
        if outcome.status == "fail":
            print(f"FAIL {outcome.row} {outcome.host}: {' / '.join(outcome.notes)}", flush=True)
        if is_due:
            print(progress, file=sys.stderr, flush=True)
    elif outcome.status != "none":
        seconds = f"{outcome.seconds:.1f} s"
        print(
            f"{outcome.row} {outcome.host}: {outcome.status} ({seconds}) [{progress}]", flush=True
        )
        for note in outcome.notes:
            print(f"    {note}", flush=True)
        if verbose > 1 and outcome.log.strip():
            log = outcome.log.strip().replace("\n", "\n         ")
            print(f"    log: {log}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", metavar="NAME,...", help="patterns; default all")
    parser.add_argument("--rows", metavar="ID,...", help="patterns, as E-*; default all")
    parser.add_argument(
        "--quick", action="store_true", help="the selection of make test: some hosts, some rows"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="run what is not as due once more, with bounds twice as long; both are told",
    )
    parser.add_argument("--jobs", type=int, default=3, help="cells at a time (3)")
    parser.add_argument(
        "--mutate",
        type=int,
        default=0,
        metavar="N",
        help="instead of the table, so many mutated connections to each",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the mutations")
    parser.add_argument("--json", metavar="FILE", help="also write every outcome here")
    parser.add_argument(
        "--verbose", "-v", action="count", default=0, help="tell each cell; twice: with its log"
    )
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    rows, hosts = choose(args)
    reasons = table.read_explanations()
    for host in [host for host in hosts if host.missing()]:
        print(f"LEFT OUT: {host.name}: there is no {', '.join(host.missing())}", file=sys.stderr)
        hosts.remove(host)
    began = time.monotonic()
    print(
        f"the machine is {pace.start():.1f} times slower than the bounds were written for",
        flush=True,
    )
    try:
        if any(host.tls for host in hosts):
            certificate()
        # Row by row, so that the long ones of one kind run beside each other's waiting.
        cells = [(host, row) for row in rows for host in hosts]
        outcomes = run_all(cells, args, reasons, args.jobs)
        if args.again:
            outcomes = run_again(outcomes, args, reasons)
    finally:
        remove_certificate()
        slowest = pace.factor()
        pace.stop()

    order = (
        {row.id: at for at, row in enumerate(rows)},
        {host.name: at for at, host in enumerate(hosts)},
    )
    outcomes.sort(key=lambda outcome: (order[0][outcome.row], order[1][outcome.host]))
    print("\n" + "\n".join(table.render(outcomes, rows, hosts)))
    if args.verbose or not args.quick:
        print("\nNot run, and why:\n" + "\n".join(table.reasons_why_not(outcomes)))
    print("\n".join(table.summary(outcomes, reasons)))
    if args.json:
        with open(args.json, "w") as file:
            json.dump([vars(outcome) for outcome in outcomes], file, indent=1)
    failed = sum(outcome.status == "fail" for outcome in outcomes)
    ran = sum(outcome.status != "none" for outcome in outcomes)
    print(
        f"\n{ran} cells in {time.monotonic() - began:.0f} s: {failed} not as due and not explained (bounds x {slowest:.1f})"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
