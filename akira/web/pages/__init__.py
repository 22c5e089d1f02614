"""The console: server-rendered pages that work without JavaScript; docs/console.md describes them."""
