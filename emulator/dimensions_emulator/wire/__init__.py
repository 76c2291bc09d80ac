"""HTTP in, HTTP out: a route translates, it never decides."""
