"""A verifier of what a house publishes: Python's standard library and nothing else.

    python -m clearhouse.verifier BUNDLE --trust TRUST

It shares no code with the house, knows nothing of its database, and believes it nothing: each check
(`clearhouse.verifier.checks`) does a sum again or verifies a signature, from the bundle and from
what the institutions vouch for (`trust`).
"""
