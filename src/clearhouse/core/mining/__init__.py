"""Mining: what a month can have brought, what meters counted, and what is taxed.

`plausibility` sets declared coin against hash rate and energy, by the bounds of `poisson`; `meters`
cuts registers into months; `tax` keeps the lots of mined coin; `records` says who mines where, and
with what, `returns` what miners and operators state of a month; `month` holds that against
machines, meters and operators, and `reviews` is what the house finds of it. None of them decides
what happens to a miner: an outlier is a ground to look, and the law is the rulebook's.

Units throughout: coin in satoshi, money in cents, energy in hundredths of a kWh.
"""
