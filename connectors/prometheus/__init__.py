"""SIP metrics in: pages of the Prometheus text format, scraped from switches and exporters, to SIP samples."""
