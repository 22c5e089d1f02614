"""CDR formats of switches and carriers, one file each; `connectors.readers` names them."""
