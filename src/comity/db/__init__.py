"""The only room that opens connections: transactions, bulk, crossings, migrations, the server."""
