"""The vLLM server under our supervision.

Reading order: `spec` (what is served, and how), `server` (its life, seen from here), `api_server`
with `guard`, `engine` and `gate` (what runs in the server's process), `plugin` (what it serves of a
library), `registry` (how a running server is found), `handle` and `attach` (the `ModelHandle` of one).
"""
