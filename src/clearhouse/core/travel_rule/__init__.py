"""Travel Rule: what the providers of two parties tell each other before coins move.

Source: FATF Recommendation 16.
"""
