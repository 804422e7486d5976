"""Core: the nouns and decisions of clearing, pure, in the order of a payment's life."""
