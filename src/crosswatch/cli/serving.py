"""crosswatch serve, demo, version."""

import typer

from crosswatch import __version__

app = typer.Typer(add_completion=False)


@app.command()
def serve() -> None:
    """Serves the pages and the API (see CROSSWATCH_HOST and CROSSWATCH_PORT)."""
    from crosswatch.cli.serve import serve_house

    serve_house()


@app.command()
def demo(
    port: int = typer.Option(
        8787, min=0, max=65_535, help="Where the demo listens on this machine; 0 takes a free port."
    ),
    titles: int = typer.Option(400, min=0, max=10_000, help="How many titles the example account holds."),
) -> None:
    """Serves CrossWatch on a simulated TMDb in a throw-away folder, to click through without an account."""
    from crosswatch.cli.demo import serve_demo

    serve_demo(port=port, titles=titles)


@app.command()
def version() -> None:
    """Prints the version."""
    typer.echo(f"CrossWatch {__version__}")
