"""What is due, the queue that long work waits in, and the worker that does it."""
