"""Mail in and out: what is common to intake and outlets, RFC 5322 and its neighbours."""
