"""Travel Rule: what the providers of two parties tell each other before coins move.

What travels is a record of IVMS 101: `ivms` has it, `ivms_reading` and `ivms_writing` read, write
and convert both versions, `ivms_constraints` judges, `completeness` says what is lacking, `hops`
links what each provider holds.

Source: FATF Recommendation 16.
"""
