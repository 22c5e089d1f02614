"""From bytes to text columns and from text columns to contract columns, as every file reader needs it."""
