"""The database: tables, and one class for each thing that is kept in them."""
