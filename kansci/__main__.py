"""`python -m kansci`."""

from kansci.cli import main

if __name__ == "__main__":
    main()
