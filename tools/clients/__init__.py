"""Calls a started endpoint with clients that nobody here wrote: AWS CLI v1 and the JavaScript SDK v3.

``make test-clients`` installs both below ``build/clients`` and runs it. Without Node.js the SDK is left out, which is
said.
"""
