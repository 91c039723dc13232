"""The database: SQLAlchemy models, repositories, the unit of work, migrations and field encryption."""
