"""`signer`: one institution's key to the vault, in a program of its own.

    python -I -m clearhouse.chains.signer FOLDER create | xpub | register | serve

It makes its seed itself and keeps it, sealed under the officer's passphrase, in a folder that only
it can read. The house talks to it through one pipe or socket and sends nothing but a transaction to
sign (a PSBT, BIP 174), the cycle statement that justifies it, and the house's signature on that.
The signer believes none of it: it derives every script from the descriptor it was registered with.

    seed.py          the sealed seed, and the account key made from it
    confinement.py   no other process may read this one's memory
    registration.py  which vault, and whose statements; said once
    book.py          what was signed before, so that no cycle is paid twice
    policy.py        what a transaction must be to be signed
    desk.py          one request, one answer
    client.py        the other side: used by the house, and by the officer who starts a signer

It shares no wallet code with the house (embit here, BDK there), so that one library's mistake is
not both sides' mistake.
"""
