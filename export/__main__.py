"""Entry point of `cdat-export` and `python -m export`; Ctrl-C also works while libraries load."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    try:
        from export.cli import main as command

        command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
