"""Errors of commands on one line, with the exit code that they have; and ``name=value`` arguments."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from gradproof.output import settle
from gradproof.theory.errors import GradproofError, ProofRejected
from gradproof.theory.text import printable

LONGEST = 600  # characters of a stranger's words on one line


def one_line(command: Callable[..., Any]) -> Callable[..., Any]:
    """Our own errors become one line on stderr and exit code 2 (1 for a rejected proof); Ctrl-C says what is kept."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        settle()
        try:
            return command(*args, **kwargs)
        except ProofRejected as error:
            click.echo(f"rejected: {printable(error, LONGEST)}", err=True)
            sys.exit(1)
        except GradproofError as error:
            click.echo(f"error: {printable(error, LONGEST)}", err=True)
            sys.exit(2)
        except SystemExit:
            raise
        except OSError as error:  # a full disk, a name that no file can have
            where = f"cannot use {error.filename}: " if error.filename else ""
            click.echo(f"error: {printable(f'{where}{error.strerror or error}', LONGEST)}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("interrupted; what was finished is in the ledger, and the next run goes on from there", err=True)
            sys.exit(130)
        except BrokenPipeError:  # who reads has gone, and there is no verdict: as a program ends that the signal stops
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(141)
        except click.exceptions.Exit:
            raise
        except click.ClickException:
            raise
        except BaseException:  # ours, and no verdict: 1 would say that something is refuted
            traceback.print_exc()
            click.echo("this is a fault of gradproof: please report it with the lines above", err=True)
            sys.exit(4)

    return run


def values_of(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Exact numbers by name, from ``name=value``."""
    from gradproof.theory.errors import ParameterError
    from gradproof.theory.parameter import parse_number, spelt

    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise ParameterError(f"{pair!r} is not of the form name=value; write e.g. alpha=3/4")
        name = spelt(name)
        if name in values:
            raise ParameterError(f"{name} is given twice")
        if name == "drop":
            raise ParameterError("there is no parameter 'drop'; name an assumption to be dropped with --drop")
        values[name] = parse_number(text, name)
    return values
