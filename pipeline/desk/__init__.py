"""The desk: the rules of the support flow as pure functions over an append-only log of ticket events.

    Incident (telemetry) ── observe ─┐
                                     ├─→ [TicketEvent, …] ── fold ─→ Ticket ── contract ─→ JSON line, API, mail
    Command (a person, a door) ─ act ┘            or Refusal (what is missing, how to give it)

`events` chains what happened, `ticket` is the fold of it, `commands` is what may be asked, `lifecycle` is the table of
which command is legal in which state, `closure` the gate before closing. `desk.handle` answers for one ticket,
`desk.act` for all tickets that a command touches (merge, split, link, parent). Every door (API, mail, console, alerts,
bulk) goes through them; nothing here reads a clock or a file: the time and the actor are arguments.
"""
