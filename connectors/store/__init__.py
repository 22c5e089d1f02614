"""The store: tickets, their events, outbox, positions and snapshots in SQLite or PostgreSQL, by one transaction each.

store = Store.open("sqlite:///akira.db")          engine, migrations, one writer at a time
Journal(store, policy).record(incidents, checkpoint)   telemetry: events + fold + outbox + positions + snapshot
Desk(store, policy, directory).do(id, command, at_ms, actor)   people, mail, alerts: the same transaction
Tickets(store)      lists, search, one ticket with its log
Outbox(store)       what must still be told to others
"""
