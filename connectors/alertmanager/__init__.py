"""Alertmanager both ways: alerts that join or open tickets, and tickets that are posted for existing paging."""
