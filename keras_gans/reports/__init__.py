"""The report of a training: a page that any browser shows, without a network."""
