"""The result: rows x hosts, what failed, and what is explained."""

from pathlib import Path

EXPLANATIONS = Path(__file__).parent / "explanations.txt"
SIGNS = {"ok": "ok", "fail": "FAIL", "explained": "why", "stale": "STALE", "none": "-", None: ""}


def read_explanations(path=EXPLANATIONS):
    """Reasons by (row, host), from lines of the form `ROW HOST[, HOST…]: reason`."""
    reasons = {}
    if not path.exists():
        return reasons
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        cells, colon, reason = line.partition(": ")
        row, _, hosts = cells.partition(" ")
        if not colon or not hosts or not reason.strip():
            raise SystemExit(f"{path.name}:{number}: not of the form ROW HOST, HOST: reason")
        for host in hosts.split(","):
            reasons[row, host.strip()] = reason.strip()
    return reasons


def judge(outcomes, reasons):
    """Marks what is explained, and what need not be any more."""
    for outcome in outcomes:
        if (outcome.row, outcome.host) in reasons:
            if outcome.status == "fail":
                outcome.status = "explained"
            elif outcome.status == "ok":
                outcome.status = "stale"


def render(outcomes, rows, hosts):
    """Lines of the table."""
    cells = {(outcome.row, outcome.host): outcome.status for outcome in outcomes}
    names = [host.name for host in hosts]
    tall = max(map(len, names), default=0)
    wide = 5
    lines = []
    # Names stand upright over their columns.
    for at in range(tall):
        letters = (name.rjust(tall)[at].center(wide) for name in names)
        lines.append(" " * 5 + "".join(letters).rstrip())
    for row in rows:
        signs = (SIGNS[cells.get((row.id, name))].center(wide) for name in names)
        lines.append(f"{row.id:5}" + "".join(signs) + f"  {row.title}")
    return lines


def summary(outcomes, reasons):
    """Lines below the table: every cell that is not as due, and every reason."""
    lines = []
    twice = [outcome for outcome in outcomes if outcome.status == "ok" and outcome.at_first]
    if twice:
        lines += ["", f"As due the second time only ({len(twice)}):"]
        lines += [
            f"  {outcome.row} {outcome.host}: at first {note}"
            for outcome in twice
            for note in outcome.at_first
        ]
    for status, title in (
        ("fail", "Not as due"),
        ("explained", "Not as due, and why"),
        ("stale", "Explained, but as due this time: to be taken out if it is so on an idle and on a busy machine"),
    ):
        chosen = [outcome for outcome in outcomes if outcome.status == status]
        if not chosen:
            continue
        lines += ["", f"{title} ({len(chosen)}):"]
        for outcome in chosen:
            if status != "fail":
                lines.append(
                    f"  {outcome.row} {outcome.host}: {reasons[outcome.row, outcome.host]}"
                )
            if status != "stale":
                lines += [
                    f"  {outcome.row} {outcome.host}: {note}"
                    if status == "fail"
                    else f"      {note}"
                    for note in outcome.notes
                ]
    return lines


def reasons_why_not(outcomes):
    """Lines that say why cells are empty, one for each reason."""
    by_reason = {}
    for outcome in outcomes:
        if outcome.status == "none":
            by_reason.setdefault((outcome.host, outcome.notes[0]), []).append(outcome.row)
    return [f"  {host}: {reason}: {' '.join(rows)}" for (host, reason), rows in by_reason.items()]
