"""The typer application and the documents of the command line; off the path of a run."""
