"""`python -m seal53`: the same as the command `seal53`."""

from seal53.cli import main

if __name__ == "__main__":
    main()
