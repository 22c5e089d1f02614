"""One file per question asked of the records; `ALL` lists them."""
