"""Entry point of `cdat-train` and `python -m train`; Ctrl-C also works while libraries load."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    try:
        from train.cli import main as command

        command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
