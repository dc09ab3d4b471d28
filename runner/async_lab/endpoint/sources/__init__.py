"""What invokes a function asynchronously: buckets, topics and event buses."""
