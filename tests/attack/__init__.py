"""The service attacked by machine: schemathesis, against the running service, from the document that is committed.

``uv run python -m tests.attack`` attacks for longer than the tests do; ``--help`` says how.
"""
