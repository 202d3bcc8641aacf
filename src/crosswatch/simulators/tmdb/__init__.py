"""A simulated TMDb: v3 API, approval pages and images over real HTTP, with a knob for everything that may go wrong."""

from crosswatch.simulators.tmdb.catalogue import Catalogue, Key, Movie
from crosswatch.simulators.tmdb.knobs import Fault, Knobs
from crosswatch.simulators.tmdb.movielens import MovieLensFill, fill_movielens_user
from crosswatch.simulators.tmdb.serve import ServedSimulator, run_simulator
from crosswatch.simulators.tmdb.simulator import DEMO_KEY, Simulator
from crosswatch.simulators.tmdb.state import Edit

__all__ = [
    "DEMO_KEY",
    "Catalogue",
    "Edit",
    "Fault",
    "Key",
    "Knobs",
    "Movie",
    "MovieLensFill",
    "ServedSimulator",
    "Simulator",
    "fill_movielens_user",
    "run_simulator",
]
