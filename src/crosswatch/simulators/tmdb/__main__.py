"""`python -m crosswatch.simulators.tmdb`: a simulated TMDb as a process of its own, until it is told to stop."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pydantic import ValidationError

from crosswatch.simulators.tmdb.control import movielens_folder
from crosswatch.simulators.tmdb.knobs import Knobs, knobs_to_json, turn
from crosswatch.simulators.tmdb.movielens import fill_movielens_user
from crosswatch.simulators.tmdb.serve import ServedSimulator, SimulatorServer, bind
from crosswatch.simulators.tmdb.simulator import Simulator


def _arguments() -> argparse.ArgumentParser:
    names = ", ".join(knobs_to_json(Knobs()))
    parser = argparse.ArgumentParser(
        prog="python -m crosswatch.simulators.tmdb", description=__doc__, epilog=f"Knobs: {names}."
    )
    parser.add_argument("--port", type=int, default=0, help="0 (default): a free one")
    parser.add_argument(
        "--print-urls", action="store_true", help="print api_url, web_url, image_url as one line of JSON"
    )
    parser.add_argument(
        "--user", action="append", metavar="NAME", help="a user, may be repeated (default: demo)"
    )
    parser.add_argument(
        "--knob", action="append", default=[], metavar="NAME=JSON", help="for example delay=0.05"
    )
    parser.add_argument(
        "--watchlist", type=int, default=0, metavar="N", help="N made-up titles for the first user"
    )
    parser.add_argument(
        "--ratings", type=int, default=0, metavar="N", help="N made-up ratings for the first user"
    )
    parser.add_argument(
        "--movielens", type=int, metavar="USER", help="this MovieLens user's ratings for the first user"
    )
    parser.add_argument("--movielens-folder", type=Path, help="default: $CROSSWATCH_TEST_DATA/data/movielens")
    return parser


def _prepared(options: argparse.Namespace) -> Simulator:
    sim = Simulator()
    for text in options.knob:
        name, _, value = text.partition("=")
        turn(sim.knobs, {name: json.loads(value)})
    users = options.user or ["demo"]
    for username in users:
        sim.add_user(username)
    sim.default_key.owner = sim.user(users[0]).id
    if options.watchlist:
        sim.fill_watchlist(users[0], sim.catalogue.add_synthetic(movies=options.watchlist))
    if options.ratings:
        keys = sim.catalogue.add_synthetic(movies=options.ratings)
        sim.fill_ratings(users[0], [(key, (place % 20 + 1) / 2) for place, key in enumerate(keys)])
    if options.movielens is not None:
        folder = options.movielens_folder or movielens_folder()
        fill_movielens_user(sim, users[0], options.movielens, folder=folder)
    return sim


def main() -> None:
    """Serves until SIGINT or SIGTERM; exit code 2 for options that make no sense."""
    parser = _arguments()
    options = parser.parse_args()
    try:
        sim = _prepared(options)
    except (KeyError, ValueError, ValidationError) as wrong:
        parser.error(str(wrong))
    listening = bind(options.port)
    served = ServedSimulator(sim, listening.getsockname()[1])
    if options.print_urls:
        urls = {"api_url": served.api_url, "web_url": served.web_url, "image_url": served.image_url}
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
    SimulatorServer(sim).run([listening])


if __name__ == "__main__":
    main()
