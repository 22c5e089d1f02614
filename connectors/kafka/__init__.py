"""Apache Kafka: records in from topics, tickets and dead letters out, positions kept by the journal."""
