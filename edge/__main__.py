"""Entry point of `cdat-edge` and of `python -m edge`. Ctrl-C works while libraries load."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    try:
        from edge.cli import main as command

        command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
