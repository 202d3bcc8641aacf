"""The database: tables, one query module per aggregate, migrations. The only place with SQL."""
