"""Operations: the verbs; each one transaction over a batch."""
