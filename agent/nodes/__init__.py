"""The nodes of the graph, one a file: plan, retrieve, compose, execute, verify, replan, learn, answer."""
