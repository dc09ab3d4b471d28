"""What follows an event's end: its record, and the destination or dead-letter queue that it goes to."""
