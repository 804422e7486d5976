"""Chains: where money settles; one protocol, several chains, and the vault's signers."""
