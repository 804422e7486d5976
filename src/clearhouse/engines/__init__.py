"""Engines: kernels on arrays and plain values; they know no domain type and do no I/O."""
