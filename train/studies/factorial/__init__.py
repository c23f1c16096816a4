"""When does transfer help? Weights x schedule x share of labels, measured with checks."""
