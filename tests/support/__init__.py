"""Real servers and stores for tests: started once a worker, one account a test."""
