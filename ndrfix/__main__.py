"""`python -m ndrfix`."""

from ndrfix.cli import main

if __name__ == "__main__":
    main()
