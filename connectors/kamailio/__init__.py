"""Kamailio: acc_json call records, SIP events of the routing script, and recorded xhttp_prom pages."""
