"""The service over a Ray cluster: a front that visitors reach, and replicas that run sessions."""
