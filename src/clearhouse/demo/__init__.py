"""Demo: a fictional pilot country that trades for a day on real components."""
