"""What a run has to say: to people in the terminal and on a page, to programs as data.

Each command imports what it shows, and starts without the rest.
"""
