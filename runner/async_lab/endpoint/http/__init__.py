"""Requests in and out: the server, who may ask, which code answers, and what leaves this machine."""
